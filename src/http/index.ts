/** The HTTP service: uploads in, transcriptions out, in the contract that existing callers rely on. */

export { type ReadinessCheck, ServiceMetrics } from './observability/index.ts'
export { type ServeOptions, serve } from './serve.ts'
export type { Service } from './server.ts'
