/** Who transcribes for a command: an engine on this machine, or the service of --server. */

import { resolve } from 'node:path'
import { probeAudio } from '../../audio/index.ts'
import { type Config, readConfig } from '../../config.ts'
import { chooseDevice } from '../../devices/index.ts'
import { createEnginePool } from '../../engine/index.ts'
import { createLogger } from '../../logger.ts'
import { ModelRegistry } from '../../models/registry.ts'
import type { Progress } from '../progress/index.ts'
import { remoteWorker } from '../remote/index.ts'
import type { TranscriptionFlags } from './flags.ts'
import type { Worker } from './run-files.ts'

export interface OpenWorker extends Worker, AsyncDisposable {
  /** Who tells of loading models. To be set before the first recording. */
  progress: Progress | undefined
}

export interface WorkerOptions {
  readonly config: Config
  /** After so long without a recording the model is unloaded; undefined: it stays. */
  readonly ttlMs?: number | undefined
}

/**
 * Loads nothing yet: the first recording does.
 *
 * @throws {OptionInvalidError | ModelUnknownError | DeviceUnavailableError}
 */
export async function openWorker(flags: TranscriptionFlags, options: WorkerOptions): Promise<OpenWorker> {
  const { server } = flags
  if (server === undefined) return await localWorker(flags.model, options)
  const apiKey = flags.apiKey ?? (process.env.PARADOX_API_KEY || undefined)
  const worker = remoteWorker({ server, apiKey, model: flags.model })
  return { ...worker, progress: undefined, [Symbol.asyncDispose]: async () => {} }
}

async function localWorker(model: string | undefined, { config, ttlMs }: WorkerOptions): Promise<OpenWorker> {
  const registry = ModelRegistry.load(config.models)
  const modelId = model ?? config.models.defaultId
  registry.resolve(modelId)
  // The log shares the terminal with the results, so only trouble is told unless the user asks for more.
  const logger = createLogger(process.env.LOG_LEVEL ? config.logLevel : 'warn')
  const settings = await chooseDevice(config.engine, logger)
  const pool = createEnginePool({
    resolve: (id) => registry.resolve(id),
    maxLoadedModels: 1,
    ttlMs,
    settings,
    logger,
    onLoading: (loading) => worker.progress?.loading(loading),
    onEvent: ({ type }) => void (type !== 'unloaded' && worker.progress?.loading(undefined)),
  })
  const worker: OpenWorker = {
    modelName: modelId,
    progress: undefined,
    transcribe: (request) => pool.transcribe({ modelId, ...request }),
    [Symbol.asyncDispose]: () => pool.close(0),
  }
  return worker
}

/** Length of a recording by its header; undefined where it has none. */
export async function durationOf(path: string, signal: AbortSignal): Promise<number | undefined> {
  const { ffmpegPath, ffmpegTimeoutSeconds: timeoutSeconds, maxAudioSeconds: maxSeconds } = readConfig().engine
  return (await probeAudio(resolve(path), { ffmpegPath, timeoutSeconds, maxSeconds, signal })).durationSeconds
}
