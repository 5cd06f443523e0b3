/** Models in processes of their own: the pool swaps them, each engine runs one. Never loads the runtime itself. */

export type { LoadingProgress } from '../models/base.ts'
export { loadOnce } from './engine-process.ts'
export type { EngineEvent, UnloadReason } from './events.ts'
export type { LoadFailure } from './load-failures.ts'
export { createEnginePool, type OneModelOptions, openModel, poolOf } from './open.ts'
export { EnginePool } from './pool.ts'
export { Preload } from './preload.ts'
export type { QueueState, Reservation } from './request-queue.ts'

export type { DetectLanguageRequest, EngineState, TranscribeRequest, Transcriber, WorkTiming } from './transcriber.ts'
