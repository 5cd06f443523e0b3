/** Models in processes of their own: the pool swaps them, each engine runs one. Never loads the runtime itself. */

import { probeAudio } from '../audio/index.ts'
import type { EngineSettings } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { EnginePool } from './pool.ts'

/** The pool as the doors use it. */
export function createEnginePool(options: {
  readonly resolve: (modelId: string) => ModelEntry
  readonly maxLoadedModels: number
  readonly settings: EngineSettings
  readonly logger: Logger
}): EnginePool {
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

export { ensureDevice } from './device-check.ts'
export { EnginePool } from './pool.ts'
export type { TranscribeRequest, Transcriber } from './transcriber.ts'
