/** Models in processes of their own: the pool swaps them, each engine runs one. Never loads the runtime itself. */

import { probeAudio } from '../audio/index.ts'
import { EnginePool, type EnginePoolOptions } from './pool.ts'

/** The pool as HTTP, the command line and the library use it. */
export function createEnginePool(options: Omit<EnginePoolOptions, 'checkAudio'>): EnginePool {
  const { settings, logger } = options
  return new EnginePool({
    ...options,
    checkAudio: async (path, signal) => {
      await probeAudio(path, {
        ffmpegPath: settings.ffmpegPath,
        timeoutSeconds: settings.ffmpegTimeoutSeconds,
        maxSeconds: settings.maxAudioSeconds,
        signal,
        logger,
      })
    },
  })
}

export type { LoadingProgress } from '../models/base.ts'
export { loadOnce } from './engine-process.ts'
export type { EngineEvent, UnloadReason } from './events.ts'
export type { LoadFailure } from './load-failures.ts'
export { EnginePool } from './pool.ts'
export { Preload } from './preload.ts'
export type { QueueState, Reservation } from './request-queue.ts'

export type { DetectLanguageRequest, EngineState, TranscribeRequest, Transcriber, WorkTiming } from './transcriber.ts'
