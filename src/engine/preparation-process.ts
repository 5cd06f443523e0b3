/** The service's side of a process that makes a model ready: starts it, tells how far it is, ends it with its waiters. */

import { onAbort } from '../async/abortable.ts'
import { runtimeEnvironment } from '../devices/runtime-environment.ts'
import { failureFromWire, ModelLoadError } from '../errors/index.ts'
import type { LoadingProgress } from '../models/base.ts'
import { ForkedProcess, ProcessEndedError, SMALL_HEAP } from '../processes/forked-process.ts'
import { type Patience, PREPARING } from '../processes/silence-watch.ts'
import { type EngineOptions, endedEarly } from './engine-process.ts'
import type { FromPreparation, ToPreparation } from './protocol.ts'

/** A process that is told to stop has a download's file to close and a compiler to end, which takes milliseconds. */
const STOP_TIMEOUT_MS = 2_000

export interface PreparationProcessOptions extends Pick<EngineOptions, 'entry' | 'settings' | 'logger'> {
  readonly signal: AbortSignal
  /** Told the process's id. */
  readonly onStarted: (pid: number | undefined) => void
  readonly onProgress: (progress: LoadingProgress) => void
  /** How long it may give no sign of life. */
  readonly patience?: Patience | undefined
}

/**
 * Downloads and compiles a model in a process of its own, and opens nothing. Resolves, or rejects, when the process has
 * gone.
 *
 * @throws {ModelLoadError} with the reason, as a load would; the signal's after an abort.
 */
export async function prepareInProcess(options: PreparationProcessOptions): Promise<void> {
  const { entry, settings, signal, onStarted, onProgress, patience = PREPARING } = options
  signal.throwIfAborted()
  const logger = options.logger.child({ modelId: entry.id })
  const child = new ForkedProcess<ToPreparation, FromPreparation>(new URL('./preparation-entry.ts', import.meta.url), {
    execArgv: SMALL_HEAP,
    env: runtimeEnvironment(settings.cacheDir, settings.deviceEnvironment),
    stderr: 'inherit',
    patience,
  })
  onStarted(child.pid)
  using _stopping = onAbort(signal, () => void child.stop({ type: 'stop' }, STOP_TIMEOUT_MS))
  try {
    await child.ask({ type: 'prepare', entry, settings, logLevel: options.logger.level }, (message) => {
      if (message.type === 'prepared') return true
      if (message.type === 'failed') throw failureFromWire(message.failure)
      onProgress(message)
      logger[message.stage === 'download' ? 'info' : 'debug'](message, 'preparing the model')
    })
  } catch (error) {
    signal.throwIfAborted() // it was ended for that, and has said so in its own way
    const cause = error instanceof ProcessEndedError ? endedEarly(entry.id, error.end) : error
    throw new ModelLoadError(entry.id, cause)
  } finally {
    await child.ended
  }
}
