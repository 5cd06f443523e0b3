/** One loaded model, or one on its way: starts its engine, and a new one where that has died; knows its users and their times. */

import { abortable } from '../async/abortable.ts'
import type { Clock } from '../async/clock.ts'
import { Semaphore } from '../async/semaphore.ts'
import type { Device, EngineSettings } from '../config.ts'
import type { DeviceMemoryReader } from '../devices/nvidia.ts'
import { EngineCrashedError, ServiceClosingError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { residentBytes } from '../processes/process-memory.ts'
import type { WorkKind, WorkResults } from '../transcript/index.ts'
import { type EngineOptions, EngineProcess, type EngineRequest } from './engine-process.ts'
import { type EngineEvent, reportLife, type UnloadReason } from './events.ts'
import type { QueueEngine } from './request-queue.ts'
import type { EngineState } from './transcriber.ts'

export interface EngineHandleOptions {
  readonly settings: EngineSettings
  readonly logger: Logger
  readonly clock: Clock
  readonly deviceMemory: DeviceMemoryReader
  readonly onLoading: EngineOptions['onLoading']
  readonly patience: EngineOptions['patience']
  readonly onEvent: ((event: EngineEvent) => void) | undefined
  /**
   * Called once for each load that has failed, and not for one that was ended.
   *
   * @returns the failure that the waiting requests get.
   */
  readonly onLoadFailed: (error: unknown) => unknown
  /** Told when a request has left the engine. */
  readonly onLeave: (engine: EngineHandle) => void
  /** Told when the engine has loaded, has failed to, or has died. */
  readonly onChange: (engine: EngineHandle) => void
}

let nUses = 0

export class EngineHandle implements QueueEngine {
  readonly entry: ModelEntry
  readonly #options: EngineHandleOptions
  /** For requests whose engine process died while it was working on others too. */
  readonly #secondTries = new Semaphore(1)
  #process: EngineProcess | undefined
  /** Why the model could not be loaded: the answer to everybody who was let in for it. */
  #loadFailure: unknown
  #ended: Promise<void> | undefined
  #endReason: UnloadReason | undefined
  #nUsers = 0
  #nLong = 0
  #lastUse = 0
  #lastUsedAt: number | undefined
  #loadedAt: number | undefined
  #loadSeconds: number | undefined
  #isAwaitingUse = false

  constructor(entry: ModelEntry, options: EngineHandleOptions) {
    this.entry = entry
    this.#options = options
  }

  /** Requests that were let in and have not finished. */
  get nUsers(): number {
    return this.#nUsers
  }

  /** Of these, those with long recordings. */
  get nLong(): number {
    return this.#nLong
  }

  /** Numbers the uses of all engines, so that the least recently used can be told. */
  get lastUse(): number {
    return this.#lastUse
  }

  get isLoaded(): boolean {
    return this.#ended === undefined && (this.#process?.isLoaded ?? false)
  }

  get isEnding(): boolean {
    return this.#ended !== undefined
  }

  /** Codes of the loaded model's languages, none for one that knows only English; undefined while it is not loaded. */
  get languages(): readonly string[] | undefined {
    return this.isLoaded ? this.#process?.languages : undefined
  }

  /** Whether those who ask for the model may be let in. */
  get isOpen(): boolean {
    return !this.isEnding && this.#loadFailure === undefined
  }

  /** Its model could not be loaded, or its engine has died: of no use but to those who are in. */
  get isSpent(): boolean {
    return !this.isEnding && (this.#loadFailure !== undefined || this.#process?.isAlive === false)
  }

  /** Its process gives no sign of life, and will be ended if that goes on. */
  get isSilent(): boolean {
    return this.#process?.isSilent ?? false
  }

  /** Loaded on demand, for requests that are still to come. */
  get isAwaitingUse(): boolean {
    return this.#isAwaitingUse
  }

  /** Since when the loaded model has had nothing to do, in milliseconds since 1970; undefined while it has. */
  get restsSince(): number | undefined {
    if (!this.isLoaded || this.#nUsers > 0) return undefined
    return Math.max(this.#loadedAt ?? 0, this.#lastUsedAt ?? 0)
  }

  /** The engine's, while it is alive. */
  get pid(): number | undefined {
    return this.#process?.isAlive ? this.#process.pid : undefined
  }

  get residentBytes(): number | undefined {
    const pid = this.#process?.pid
    return pid === undefined ? undefined : residentBytes(pid)
  }

  /** The engine's. */
  get device(): Device {
    return this.#options.settings.device
  }

  get deviceBytes(): number | undefined {
    // Others have memory of their own, or none that the driver would tell of.
    if (!this.device.startsWith('cuda') || this.pid === undefined) return undefined
    return this.#options.deviceMemory.bytesOf(this.pid)
  }

  get state(): Omit<EngineState, 'nRequests' | 'expiresAt'> {
    return {
      modelId: this.entry.id,
      state: this.isEnding ? 'unloading' : this.isLoaded ? 'loaded' : 'loading',
      pid: this.#process?.pid,
      residentBytes: this.residentBytes,
      device: this.device,
      deviceBytes: this.deviceBytes,
      loadedAt: this.#loadedAt,
      lastUsedAt: this.#lastUsedAt,
      loadSeconds: this.#loadSeconds,
    }
  }

  enter(isLong: boolean): void {
    this.#nUsers++
    if (isLong) this.#nLong++
    this.#touch()
  }

  /** For each that has entered. */
  leave(isLong: boolean): void {
    this.#nUsers--
    if (isLong) this.#nLong--
    this.#touch()
    this.#options.onLeave(this)
  }

  #touch(): void {
    this.#lastUse = ++nUses
    this.#lastUsedAt = this.#options.clock.now()
  }

  /** @throws {ModelLoadError} when it cannot be loaded; the signal's reason after an abort, which does not stop it. */
  async load(signal: AbortSignal): Promise<void> {
    await this.#loadedProcess(signal)
    this.#isAwaitingUse = true
  }

  async work<K extends WorkKind>(request: EngineRequest<K>): Promise<WorkResults[K]> {
    const { signal } = request
    const engine = await this.#loadedProcess(signal)
    this.#isAwaitingUse = false
    try {
      return await engine.work(request)
    } catch (error) {
      if (!(error instanceof EngineCrashedError) || engine.nLost < 2) throw error
      // Most of those that an engine was working on when it died have nothing to do with it. Each gets another try,
      // one after the other, so that the one that kills engines does not take the rest along again.
      return await this.#secondTries.run(signal, async () => await (await this.#loadedProcess(signal)).work(request))
    }
  }

  /**
   * Ends the engine and waits until its process is gone. May be called more than once.
   *
   * @param reason  of the first call; undefined where there is no model to unload, since the engine is spent.
   */
  end(reason: UnloadReason | undefined): Promise<void> {
    if (this.#ended === undefined) {
      this.#endReason = reason
      this.#ended = this.#process?.end() ?? Promise.resolve()
    }
    return this.#ended
  }

  /** The engine's process, loaded: a new one where there is none or where the last one has died. */
  async #loadedProcess(signal: AbortSignal): Promise<EngineProcess> {
    if (this.#loadFailure !== undefined) throw this.#loadFailure
    // Nothing else ends an engine that has users.
    if (this.isEnding) throw new ServiceClosingError()
    const engine = this.#process?.isAlive ? this.#process : this.#startProcess()
    // A caller who leaves does not stop the loading: the next request for this model will be glad of it.
    try {
      await abortable(engine.loaded, signal)
    } catch (error) {
      if (signal.aborted) throw error
      throw this.isEnding ? new ServiceClosingError() : (this.#loadFailure ?? error)
    }
    return engine
  }

  #startProcess(): EngineProcess {
    const { settings, logger, clock, onLoading, patience, onEvent, onLoadFailed, onChange } = this.#options
    const startedAt = clock.now()
    const engine = new EngineProcess({ entry: this.entry, settings, logger, onLoading, patience })
    this.#process = engine
    this.#loadedAt = undefined
    if (onEvent) void reportLife(engine, onEvent, () => this.#endReason)
    // Before any caller can wait for it, so that this knows of a failure before they do.
    engine.loaded.then(
      () => {
        this.#loadedAt = clock.now()
        this.#loadSeconds = (this.#loadedAt - startedAt) / 1000
        onChange(this)
      },
      (error: unknown) => {
        if (this.isEnding) return
        this.#loadFailure = onLoadFailed(error)
        onChange(this)
      },
    )
    void engine.exited.then(() => {
      if (this.#process === engine) this.#loadedAt = undefined
      onChange(this)
    })
    return engine
  }
}
