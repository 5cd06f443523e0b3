/** The service's side of one engine process: starts it, talks to it, ends it. */

import { onAbort } from '../async/abortable.ts'
import type { EngineSettings } from '../config.ts'
import { runtimeEnvironment } from '../devices/runtime-environment.ts'
import {
  type AsrError,
  EngineCrashedError,
  failureFromWire,
  ModelLoadError,
  ProcessLimitError,
  RemoteError,
} from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import type { LoadingProgress } from '../models/base.ts'
import type { ModelEntry } from '../models/registry.ts'
import { ForkedProcess, type ProcessEnd, SMALL_HEAP } from '../processes/forked-process.ts'
import type { Patience } from '../processes/silence-watch.ts'
import type { WorkKind, WorkResults } from '../transcript/index.ts'
import type { EngineWork, FromEngine, ToEngine } from './protocol.ts'
import type { TranscribeRequest } from './transcriber.ts'

/** An engine that is told to unload needs milliseconds; one that is in the middle of a long step is not waited for. */
const UNLOAD_TIMEOUT_MS = 2_000

/**
 * Signs of life that an engine may give, one every five seconds or one a step where a step takes longer, until a request that
 * was aborted has ended. One that has not will not, and would keep its place in the queue.
 */
const SIGNS_TO_SETTLE = 12

export interface EngineOptions {
  readonly entry: ModelEntry
  readonly settings: EngineSettings
  readonly logger: Logger
  readonly onLoading?: ((progress: LoadingProgress) => void) | undefined
  /** With a process that gives no sign of life; by default `ANSWERING`. */
  readonly patience?: Patience | undefined
}

/** Work whose options have been checked. */
export interface EngineRequest<K extends WorkKind = WorkKind>
  extends Omit<EngineWork<K>, 'tellsSegments'>,
    Pick<TranscribeRequest, 'onProgress' | 'onSegments' | 'onStarted' | 'onTiming' | 'signal'> {
  /** Told how long the recording is, in seconds, as far as its header says it; it may be wrong. */
  readonly onLength?: (seconds: number) => void
}

type Result = WorkResults[WorkKind]

interface WaitingRequest extends PromiseWithResolvers<Result> {
  readonly request: EngineRequest
  /** Signs of life since its abort. */
  nSigns: number
}

export class EngineProcess {
  readonly modelId: string
  readonly #child: ForkedProcess<ToEngine, FromEngine>
  readonly #logger: Logger
  readonly #onLoading: EngineOptions['onLoading']
  readonly #waiting = new Map<number, WaitingRequest>()
  readonly #loading = Promise.withResolvers<void>()
  #isLoaded = false
  #languages: readonly string[] | undefined
  #nextRequestId = 1
  #nLost = 0
  /** Requests that the device has failed. */
  #nFailed = 0
  #ending = false
  #stopped: Promise<void> | undefined

  /** Starts a process that loads the model; `loaded` tells when it has. */
  constructor(options: EngineOptions) {
    this.modelId = options.entry.id
    this.#onLoading = options.onLoading
    this.#logger = options.logger.child({ modelId: this.modelId })
    this.#child = new ForkedProcess(new URL('./entry.ts', import.meta.url), {
      execArgv: SMALL_HEAP,
      env: runtimeEnvironment(options.settings.cacheDir, options.settings.deviceEnvironment),
      stderr: 'inherit', // where an engine logs
      patience: options.patience,
    })
    this.#loading.promise.catch(() => {}) // those who wait for `loaded` get the failure; there may be none
    this.#child.onMessage((message) => this.#receive(message))
    this.#child.onSignOfLife(() => this.#endUnsettled())
    void this.#child.ended.then((end) => this.#fail(end))
    this.#child.send({
      type: 'load',
      entry: options.entry,
      settings: options.settings,
      logLevel: options.logger.level,
    })
  }

  /**
   * Settles when the model is loaded.
   *
   * @throws {ModelLoadError} when it cannot be; the process is then told to end.
   */
  get loaded(): Promise<void> {
    return this.#loading.promise
  }

  get isLoaded(): boolean {
    return this.#isLoaded && this.isAlive
  }

  /** Of the model, as `AsrStrategy` has them; undefined until it is loaded. */
  get languages(): readonly string[] | undefined {
    return this.#languages
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** True until the process has ended or has been told to. */
  get isAlive(): boolean {
    return !this.#ending && !this.#child.hasEnded
  }

  /** It gives no sign of life, and will be ended if that goes on. */
  get isSilent(): boolean {
    return this.#child.isSilent
  }

  /** Settles when the process is gone, however it ended. */
  get exited(): Promise<ProcessEnd> {
    return this.#child.ended
  }

  /** Requests that the process was working on when it ended unexpectedly. */
  get nLost(): number {
    return this.#nLost
  }

  async work<K extends WorkKind>(request: EngineRequest<K>): Promise<WorkResults[K]> {
    const { kind, audioPath, language, options, signal } = request
    const tellsSegments = request.onSegments !== undefined
    signal.throwIfAborted()
    const requestId = this.#nextRequestId++
    const answer = Promise.withResolvers<Result>()
    this.#waiting.set(requestId, { ...answer, request, nSigns: 0 })
    using _aborting = onAbort(signal, () => this.#child.send({ type: 'abort', requestId }))
    try {
      if (!this.isAlive) throw new EngineCrashedError(this.modelId, 'it had ended before the request')
      request.onStarted?.()
      this.#child.send({ type: 'work', requestId, kind, audioPath, language, options, tellsSegments })
      return (await answer.promise) as WorkResults[K] // entry.ts answers by the kind
    } finally {
      this.#waiting.delete(requestId)
    }
  }

  /** Ends the process and waits until it is gone. May be called more than once. */
  async end(): Promise<void> {
    this.#ending = true
    this.#stopped ??= this.#child.stop({ type: 'unload' }, UNLOAD_TIMEOUT_MS)
    await this.#stopped
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'loading':
        this.#onLoading?.(message)
        this.#logger[message.stage === 'download' ? 'info' : 'debug'](message, 'loading the model')
        break
      case 'length':
        this.#waiting.get(message.requestId)?.request.onLength?.(message.seconds)
        break
      case 'progress':
        this.#waiting.get(message.requestId)?.request.onProgress?.(message.doneSeconds)
        break
      case 'segments':
        this.#waiting.get(message.requestId)?.request.onSegments?.(message.segments)
        break
      case 'loaded':
        this.#isLoaded = true
        this.#languages = message.languages
        this.#loading.resolve()
        break
      case 'load-failed':
        this.#loading.reject(new ModelLoadError(this.modelId, failureFromWire(message.failure)))
        void this.end()
        break
      case 'done': {
        const waiting = this.#waiting.get(message.requestId)
        waiting?.request.onTiming?.(message.timing)
        waiting?.resolve(message.result)
        break
      }
      case 'failed': {
        const error = failureFromWire(message.failure)
        this.#waiting.get(message.requestId)?.reject(error)
        if (error instanceof RemoteError && error.code === 'ASR_DEVICE_FAILED') this.#giveUp(message.requestId)
        break
      }
    }
  }

  /**
   * What a device that has failed one request would answer the next is unknown: a fresh process asks it anew. By the
   * hardest means, since an orderly end waits for the device.
   */
  #giveUp(requestId: number): void {
    this.#ending = true
    this.#waiting.delete(requestId)
    this.#nFailed++
    this.#child.kill()
  }

  /** Called at each sign of life. */
  #endUnsettled(): void {
    for (const waiting of this.#waiting.values()) {
      if (!waiting.request.signal.aborted) continue
      waiting.nSigns++
      if (waiting.nSigns === SIGNS_TO_SETTLE) this.#child.killHung('a request went on after its abort')
    }
  }

  #fail(end: ProcessEnd): void {
    const error = endedEarly(this.modelId, end)
    if (!this.#ending) this.#logger.error({ code: error.code, how: end.how }, 'engine process ended unexpectedly')
    this.#loading.reject(new ModelLoadError(this.modelId, error))
    this.#nLost = this.#waiting.size + this.#nFailed
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}

/** The failure of those who wait for a process of a model that has ended, or could not be started. */
export function endedEarly(modelId: string, { how, hasStarted }: ProcessEnd): AsrError {
  return hasStarted ? new EngineCrashedError(modelId, how) : new ProcessLimitError(how)
}

/**
 * Loads a model and lets it go: afterwards it is downloaded, compiled, and known to run on this machine.
 *
 * @throws {ModelLoadError} when it cannot be loaded; the signal's reason after an abort.
 */
export async function loadOnce({
  signal,
  ...options
}: EngineOptions & { readonly signal: AbortSignal }): Promise<void> {
  signal.throwIfAborted()
  const engine = new EngineProcess(options)
  using _ending = onAbort(signal, () => void engine.end())
  try {
    await engine.loaded
  } catch (error) {
    signal.throwIfAborted() // it was ended for that, and has said so in its own way
    throw error
  } finally {
    await engine.end()
  }
}
