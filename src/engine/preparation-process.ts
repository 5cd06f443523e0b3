/** The service's side of a process that makes a model ready: starts it, tells how far it is, ends it with its waiters. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { runtimeEnvironment } from '../devices/runtime-environment.ts'
import { EngineCrashedError, failureFromWire, ModelLoadError } from '../errors/index.ts'
import type { LoadingProgress } from '../models/base.ts'
import type { EngineOptions } from './engine-process.ts'
import type { FromPreparation, ToPreparation } from './protocol.ts'

/** A process that is told to stop has a download's file to close and a compiler to end, which takes milliseconds. */
const STOP_TIMEOUT_MS = 2_000

export interface PreparationProcessOptions extends Pick<EngineOptions, 'entry' | 'settings' | 'logger'> {
  readonly signal: AbortSignal
  /** Told the process's id. */
  readonly onStarted: (pid: number | undefined) => void
  readonly onProgress: (progress: LoadingProgress) => void
}

/**
 * Downloads and compiles a model in a process of its own, and opens nothing. Resolves, or rejects, when the process has
 * gone.
 *
 * @throws {ModelLoadError} with the reason, as a load would; the signal's after an abort.
 */
export async function prepareInProcess(options: PreparationProcessOptions): Promise<void> {
  const { entry, settings, signal, onStarted, onProgress } = options
  signal.throwIfAborted()
  const logger = options.logger.child({ modelId: entry.id })
  const child = fork(new URL('./preparation-entry.ts', import.meta.url), {
    serialization: 'advanced',
    execArgv: ['--expose-gc', '--max-semi-space-size=2'],
    env: runtimeEnvironment(settings.cacheDir, settings.deviceEnvironment),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  onStarted(child.pid)
  const answered = Promise.withResolvers<void>()
  const ended = once(child, 'exit').catch(answered.reject) // it could not be started
  const send = (message: ToPreparation) => void (child.connected && child.send(message, () => {}))
  let kill: NodeJS.Timeout | undefined
  const stop = () => {
    send({ type: 'stop' })
    kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  }
  child.on('message', (message: FromPreparation) => {
    // sent by preparation-entry.ts of the same build
    if (message.type === 'loading') {
      onProgress(message)
      logger[message.stage === 'download' ? 'info' : 'debug'](message, 'preparing the model')
    } else if (message.type === 'prepared') answered.resolve()
    else answered.reject(failureFromWire(message.failure))
  })
  child.on('exit', (code, signalName) => {
    answered.reject(new EngineCrashedError(entry.id, signalName ?? `exit code ${code}`))
  })
  signal.addEventListener('abort', stop, { once: true })
  send({ type: 'prepare', entry, settings, logLevel: options.logger.level })
  try {
    await answered.promise
  } catch (error) {
    signal.throwIfAborted() // it was ended for that, and has said so in its own way
    throw new ModelLoadError(entry.id, error)
  } finally {
    signal.removeEventListener('abort', stop)
    await ended
    clearTimeout(kill)
  }
}
