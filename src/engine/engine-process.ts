/** The service's side of one engine process: starts it, talks to it, ends it. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { EngineSettings } from '../config.ts'
import { runtimeEnvironment } from '../devices/runtime-environment.ts'
import { EngineCrashedError, failureFromWire, ModelLoadError, RemoteError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import type { LoadingProgress } from '../models/base.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { WorkKind, WorkResults } from '../transcript/index.ts'
import type { EngineWork, FromEngine, ToEngine } from './protocol.ts'
import type { TranscribeRequest } from './transcriber.ts'

/** An engine that is told to unload needs milliseconds; one that is in the middle of a long step is not waited for. */
const UNLOAD_TIMEOUT_MS = 2_000

export interface EngineOptions {
  readonly entry: ModelEntry
  readonly settings: EngineSettings
  readonly logger: Logger
  readonly onLoading?: ((progress: LoadingProgress) => void) | undefined
}

/** Work whose options have been checked. */
export interface EngineRequest<K extends WorkKind = WorkKind>
  extends Omit<EngineWork<K>, 'tellsSegments'>,
    Pick<TranscribeRequest, 'onProgress' | 'onSegments' | 'onStarted' | 'onTiming' | 'signal'> {}

type Result = WorkResults[WorkKind]

interface WaitingRequest extends PromiseWithResolvers<Result> {
  readonly request: EngineRequest
}

export class EngineProcess {
  readonly modelId: string
  readonly #child: ChildProcess
  readonly #logger: Logger
  readonly #onLoading: EngineOptions['onLoading']
  readonly #waiting = new Map<number, WaitingRequest>()
  readonly #loading = Promise.withResolvers<void>()
  #isLoaded = false
  readonly #exited: Promise<unknown>
  #nextRequestId = 1
  #nLost = 0
  /** Requests that the device has failed. */
  #nFailed = 0
  #ending = false

  /** Starts a process that loads the model; `loaded` tells when it has. */
  constructor(options: EngineOptions) {
    this.modelId = options.entry.id
    this.#onLoading = options.onLoading
    this.#logger = options.logger.child({ modelId: this.modelId })
    this.#child = fork(new URL('./entry.ts', import.meta.url), {
      serialization: 'advanced',
      // What V8 keeps for young objects is 35 MB smaller so, at the same speed.
      execArgv: ['--expose-gc', '--max-semi-space-size=2'],
      env: runtimeEnvironment(options.settings.cacheDir, options.settings.deviceEnvironment),
      // Standard output stays the caller's; what an engine logs goes to standard error.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#exited = once(this.#child, 'exit')
    this.#loading.promise.catch(() => {}) // whoever asks for `loaded` gets the failure; nobody may be asking
    this.#child.on('message', (message: FromEngine) => this.#receive(message)) // sent by entry.ts of the same build
    this.#child.on('exit', (code, signal) => this.#fail(signal ?? `exit code ${code}`))
    this.#child.on('error', (error) => this.#fail(error.message))
    this.#send({
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

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** True until the process has ended or has been told to. */
  get isAlive(): boolean {
    return !this.#ending && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Settles when the process is gone, however it ended. */
  get exited(): Promise<void> {
    return this.#exited.then(
      () => {},
      () => {},
    )
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
    this.#waiting.set(requestId, { ...answer, request })
    const abort = () => this.#send({ type: 'abort', requestId })
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (!this.isAlive) throw new EngineCrashedError(this.modelId, 'it had ended before the request')
      request.onStarted?.()
      this.#send({ type: 'work', requestId, kind, audioPath, language, options, tellsSegments })
      return (await answer.promise) as WorkResults[K] // entry.ts answers by the kind
    } finally {
      signal.removeEventListener('abort', abort)
      this.#waiting.delete(requestId)
    }
  }

  /** Ends the process and waits until it is gone. May be called more than once. */
  async end(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true
      this.#send({ type: 'unload' })
      const kill = setTimeout(() => this.#child.kill('SIGKILL'), UNLOAD_TIMEOUT_MS)
      this.#child.once('exit', () => clearTimeout(kill))
    }
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await this.#exited
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'loading':
        this.#onLoading?.(message)
        this.#logger[message.stage === 'download' ? 'info' : 'debug'](message, 'loading the model')
        break
      case 'progress':
        this.#waiting.get(message.requestId)?.request.onProgress?.(message.doneSeconds)
        break
      case 'segments':
        this.#waiting.get(message.requestId)?.request.onSegments?.(message.segments)
        break
      case 'loaded':
        this.#isLoaded = true
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
   * What a device that has failed one request would answer the next, nobody knows: a fresh process asks it anew. By the
   * hardest means, since an orderly end waits for the device.
   */
  #giveUp(requestId: number): void {
    this.#ending = true
    this.#waiting.delete(requestId)
    this.#nFailed++
    this.#child.kill('SIGKILL')
  }

  #fail(how: string): void {
    const error = new EngineCrashedError(this.modelId, how)
    if (!this.#ending) this.#logger.error({ code: error.code, how }, 'engine process ended unexpectedly')
    this.#loading.reject(new ModelLoadError(this.modelId, error))
    this.#nLost = this.#waiting.size + this.#nFailed
    for (const { reject } of this.#waiting.values()) reject(error)
  }

  #send(message: ToEngine): void {
    // A process that is just dying cannot be told anything; its exit event answers for it.
    if (this.#child.connected) this.#child.send(message, () => {})
  }
}
