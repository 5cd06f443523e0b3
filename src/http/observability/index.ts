/** Seeing inside: metrics for Prometheus, probes for the operator, traces for OpenTelemetry. */

export { probeRoutes, type ReadinessCheck } from './probe-routes.ts'
export { metricsRoute, ServiceMetrics } from './service-metrics.ts'
export { openTracing, type Tracing } from './tracing.ts'
export { WorkObservers } from './work-observer.ts'
