/** Seeing inside: metrics for Prometheus, probes for whoever runs the service, traces for OpenTelemetry. */

export { metricsRoute } from './metrics-route.ts'
export { probeRoutes, type ReadinessCheck } from './probe-routes.ts'
export { ServiceMetrics } from './service-metrics.ts'
export { openTracing, type Tracing } from './tracing.ts'
export { WorkObservers } from './work-observer.ts'
