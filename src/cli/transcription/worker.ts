/** The transcriber of a command: an engine on this machine, or the service of --server. */

import { resolve } from 'node:path'
import { audioOptions, probeAudio } from '../../audio/index.ts'
import { type Config, readConfig } from '../../config.ts'
import { openModel } from '../../engine/index.ts'
import { commandLogger } from '../command-logger.ts'
import { output } from '../commands/run.ts'
import { loadingTo, type Progress } from '../progress/index.ts'
import { keyRisk } from '../remote/key-risk.ts'
import { remoteWorker } from '../remote/remote-worker.ts'
import type { TranscriptionFlags } from './flags.ts'
import type { Worker } from './run-files.ts'

export interface OpenWorker extends Worker, AsyncDisposable {
  /** The display for a model that is being loaded. To be set before the first recording. */
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
  const risk = keyRisk(server, { apiKey, isArgument: flags.apiKey !== undefined })
  if (risk !== undefined) output.stderr(`paradox: ${risk}\n`)
  return { ...worker, progress: undefined, [Symbol.asyncDispose]: async () => {} }
}

async function localWorker(model: string | undefined, { config, ttlMs }: WorkerOptions): Promise<OpenWorker> {
  const modelId = model ?? config.models.defaultId
  const logger = commandLogger(config)
  const pool = await openModel(modelId, config, { ttlMs, logger, ...loadingTo(() => worker.progress) })
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
  return (await probeAudio(resolve(path), audioOptions(readConfig().engine, { signal }))).durationSeconds
}
