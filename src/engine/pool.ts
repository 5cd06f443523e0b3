/**
 * The hot swap: which models are loaded. A model is made ready on the disk by `preparation.ts`, who waits for which is
 * told by `line.ts`, one loaded model by `slot.ts`; here room is made, when a request for a ready model needs it, when
 * memory runs short, and when a model has rested for long.
 */

import type { Device, EngineSettings } from '../config.ts'
import { DeviceMemoryReader } from '../devices/nvidia.ts'
import {
  ModelBusyError,
  type ModelLoadError,
  ModelUnknownError,
  OptionInvalidError,
  ServiceClosingError,
} from '../errors/index.ts'
import { isDetectionAsked } from '../languages.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { parseOptions } from '../transcribe/options.ts'
import type { LanguageDetection, Transcription } from '../transcript/index.ts'
import { type Clock, systemClock } from './clock.ts'
import type { EngineOptions } from './engine-process.ts'
import type { EngineEvent, UnloadReason } from './events.ts'
import { IdleUnload } from './idle-unload.ts'
import { Line } from './line.ts'
import { type LoadFailure, LoadFailures } from './load-failures.ts'
import { MemoryLimit } from './memory-limit.ts'
import { orAborted } from './or-aborted.ts'
import { type PreparationState, Preparations } from './preparation.ts'
import type { EngineWork } from './protocol.ts'
import { residentBytes } from './resident-bytes.ts'
import { Slot } from './slot.ts'
import type { DetectLanguageRequest, EngineState, TranscribeRequest, Transcriber } from './transcriber.ts'

/**
 * Requests that one engine works on at a time. Its windows share the model's steps, so that more of them answer more
 * requests in the same time; but each has an ffmpeg and up to a minute of samples.
 */
const MOST_AT_ONCE = 8

export interface EnginePoolOptions {
  /** Finds a model by what the caller names; throws `ModelUnknownError`. */
  readonly resolve: (modelId: string) => ModelEntry
  readonly maxLoadedModels: number
  /** Of all engines together; one alone is always allowed. undefined: no limit. */
  readonly maxMemoryBytes?: number | undefined
  /** After so long without a request a model is unloaded; 0: at once, undefined: never. */
  readonly ttlMs?: number | undefined
  /** Ids of models that no time of rest unloads. */
  readonly keepLoaded?: Iterable<string>
  readonly settings: EngineSettings
  /** Engines are spread over them, each on the one with the fewest; by default the settings' device. */
  readonly devices?: readonly Device[]
  /** Of the driver; for tests another. */
  readonly deviceMemory?: DeviceMemoryReader
  readonly logger: Logger
  /** Requests that each engine works on at a time; by default 8. */
  readonly mostAtOnce?: number
  readonly clock?: Clock
  /** Told what the loading of a model is at. */
  readonly onLoading?: EngineOptions['onLoading']
  /** Called before a model is loaded for this file; what it throws spares the loaded model from being swapped out. */
  readonly checkAudio?: (audioPath: string, signal: AbortSignal) => Promise<void>
  /** Told when a model has been loaded or unloaded. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

/** A request on its way to a slot. */
interface Asking {
  readonly signal: AbortSignal
  /** Disposed of when the request is let in. */
  readonly waiting: Disposable
  readonly whileNotReady?: TranscribeRequest['whileNotReady']
}

const waitFor = (wait: () => Promise<void>) => wait()

export class EnginePool implements Transcriber {
  readonly #options: EnginePoolOptions
  readonly #slots = new Map<string, Slot>()
  readonly #line = new Line(() => this.#settle())
  readonly #preparations: Preparations
  readonly #failures: LoadFailures
  readonly #memory: MemoryLimit
  readonly #idleUnload: IdleUnload
  readonly #deviceMemory: DeviceMemoryReader
  /** Requests that have not been let in, by the models' ids: the model is being prepared, or they are in line. */
  readonly #nWaiting = new Map<string, number>()
  /** Stop loads whose callers have left, by the models' ids. */
  readonly #unattended = new Map<string, Set<AbortController>>()
  readonly #closing = new AbortController()
  #uses = 0
  #onIdle: (() => void) | undefined

  constructor(options: EnginePoolOptions) {
    const { maxMemoryBytes, settings, logger, ttlMs, keepLoaded, onLoading, clock = systemClock } = options
    this.#options = options
    this.#failures = new LoadFailures(clock)
    this.#preparations = new Preparations({
      settings,
      logger,
      onLoading,
      onFailed: (entry, error) => {
        options.onEvent?.({ type: 'load-failed', modelId: entry.id })
        return this.#noteFailure(entry, error)
      },
    })
    this.#deviceMemory = options.deviceMemory ?? new DeviceMemoryReader()
    this.#memory = new MemoryLimit({ maxBytes: maxMemoryBytes, logger })
    this.#idleUnload = new IdleUnload({
      ttlMs,
      exempt: new Set(keepLoaded),
      clock,
      unload: (slot) => void this.#end(slot, 'idle'),
      onDue: () => this.#settle(),
    })
  }

  find(name: string): ModelEntry | undefined {
    try {
      return this.#options.resolve(name)
    } catch (error) {
      if (error instanceof ModelUnknownError) return undefined
      throw error
    }
  }

  activeModel(): string | null {
    const loaded = this.#all().filter((slot) => slot.isLoaded)
    return loaded.sort((a, b) => b.lastUse - a.lastUse)[0]?.entry.id ?? null
  }

  /** Process ids of the engines that are alive, for tests and memory figures. */
  enginePids(): number[] {
    return this.#all().flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  engines(): readonly EngineState[] {
    const inSlots = this.#all().map((slot) => {
      const nWaiting = this.#nWaitingFor(slot.entry.id)
      const expiresAt = nWaiting > 0 ? undefined : this.#idleUnload.expiresAt(slot)
      return { ...slot.state, nRequests: slot.nUsers + nWaiting, expiresAt }
    })
    const preparing = this.#preparations.states().filter(({ modelId }) => !this.#slots.has(modelId))
    return [...inSlots, ...preparing.map((state) => this.#preparingState(state))]
  }

  #preparingState({ modelId, pid, progress }: PreparationState): EngineState {
    return {
      modelId,
      state: 'preparing',
      progress,
      pid,
      residentBytes: pid === undefined ? undefined : residentBytes(pid),
      nRequests: this.#nWaitingFor(modelId),
      loadedAt: undefined,
      lastUsedAt: undefined,
      loadSeconds: undefined,
      expiresAt: undefined,
    }
  }

  loadFailures(): readonly LoadFailure[] {
    return this.#failures.list()
  }

  forgetLoadFailures(origin: ModelEntry['origin']): void {
    this.#failures.forgetAllOf(origin)
  }

  async transcribe(request: TranscribeRequest): Promise<Transcription> {
    return (await this.#work('transcribe', request)) as Transcription // by the kind of work
  }

  async detectLanguage(request: DetectLanguageRequest): Promise<LanguageDetection> {
    return (await this.#work('detect-language', request)) as LanguageDetection // by the kind of work
  }

  async #work(kind: EngineWork['kind'], request: TranscribeRequest): Promise<Transcription | LanguageDetection> {
    const { signal, audioPath, language, whileNotReady, onProgress, onSegments, onStarted, onTiming } = request
    const entry = this.#options.resolve(request.modelId)
    const options = parseOptions(request.options, { audioContext: this.#options.settings.audioContext })
    if (options.multilingual && language !== undefined && !isDetectionAsked(language)) {
      throw new OptionInvalidError('multilingual', 'true', 'false, or leave the language out')
    }
    signal.throwIfAborted()
    this.#failures.throwIfPaused(entry.id)
    if (!this.#slots.get(entry.id)?.isLoaded) {
      await this.#options.checkAudio?.(request.audioPath, signal)
    }

    const callbacks = { onProgress, onSegments, onStarted, onTiming }
    const engineRequest = { kind, audioPath, language, options, signal, ...callbacks }
    using waiting = this.#wait(entry.id)
    return await this.#use(entry, { signal, waiting, whileNotReady }, (slot) => slot.work(engineRequest))
  }

  /** Goes on when its caller leaves: it is asked for what comes after it, not for an answer. */
  async load(modelId: string, signal: AbortSignal): Promise<void> {
    const entry = this.#options.resolve(modelId)
    signal.throwIfAborted()
    this.#failures.forget(entry.id)
    const stop = new AbortController()
    const waiting = this.#wait(entry.id)
    const leave = () => {
      waiting[Symbol.dispose]()
      this.#unattended.set(entry.id, (this.#unattended.get(entry.id) ?? new Set()).add(stop))
    }
    signal.addEventListener('abort', leave, { once: true })
    const loaded = this.#use(entry, { signal: stop.signal, waiting }, (slot) => slot.load(signal)).finally(() => {
      signal.removeEventListener('abort', leave)
      waiting[Symbol.dispose]()
      const others = this.#unattended.get(entry.id)
      if (others?.delete(stop) && others.size === 0) this.#unattended.delete(entry.id)
    })
    loaded.catch(() => {}) // nobody may be waiting for it
    await orAborted(loaded, signal)
  }

  /** Has a slot's model for itself and others as long as `work` goes on. */
  async #use<T>(
    entry: ModelEntry,
    { signal, waiting, whileNotReady }: Asking,
    work: (slot: Slot) => Promise<T>,
  ): Promise<T> {
    if (!this.#slots.get(entry.id)?.isOpen) await this.#makeReady(entry, signal, whileNotReady)
    this.#closing.signal.throwIfAborted()
    const admitted = this.#line.join(entry, signal)
    this.#settle()
    const slot = await admitted
    waiting[Symbol.dispose]()
    const done = work(slot).finally(() => {
      slot.leave(++this.#uses)
      this.#memory.look(slot)
      this.#settle()
      if (this.#nUsers() === 0) this.#onIdle?.()
    })
    done.catch(() => {}) // after an abort nobody waits for it any more
    // The caller is let go at once; its place is free when the engine has really stopped, which may take one long step.
    return await orAborted(done, signal)
  }

  /** Does what takes long before any room is made for the model. */
  async #makeReady(entry: ModelEntry, signal: AbortSignal, whileNotReady = waitFor): Promise<void> {
    this.#failures.throwIfPaused(entry.id)
    const either = AbortSignal.any([signal, this.#closing.signal])
    if (await this.#preparations.isReady(entry, either)) return
    await whileNotReady(() => this.#preparations.prepare(entry, either))
  }

  /** Counts a request as waiting until it is disposed of. */
  #wait(modelId: string): Disposable {
    this.#nWaiting.set(modelId, this.#nWaitingFor(modelId) + 1)
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        const nOthers = this.#nWaitingFor(modelId) - 1
        if (nOthers > 0) this.#nWaiting.set(modelId, nOthers)
        else this.#nWaiting.delete(modelId)
      },
    }
  }

  #nWaitingFor(modelId: string): number {
    return this.#nWaiting.get(modelId) ?? 0
  }

  /** @returns the failure as callers get it. */
  #noteFailure(entry: ModelEntry, error: unknown): ModelLoadError {
    const noted = this.#failures.note(entry, error)
    const { code, retryAfterSeconds } = noted
    this.#options.logger.warn(
      { modelId: entry.id, code, err: error, retryAfterSeconds },
      'the model could not be loaded',
    )
    return noted
  }

  async unload(modelId: string): Promise<boolean> {
    const { id } = this.#options.resolve(modelId)
    const slot = this.#slots.get(id)
    const unattended = this.#unattended.get(id)
    if ((slot?.nUsers ?? 0) > 0 || this.#nWaitingFor(id) > 0) throw new ModelBusyError(modelId)
    if (!slot && !unattended) return false
    for (const load of unattended ?? []) load.abort()
    await Promise.all([slot && this.#end(slot, 'request'), this.#preparations.ended(id)])
    return true
  }

  async close(timeoutMs: number): Promise<void> {
    const refusal = new ServiceClosingError()
    this.#closing.abort(refusal)
    this.#line.refuseAll(refusal)
    if (this.#nUsers() > 0) {
      const idle = Promise.withResolvers<void>()
      const timer = setTimeout(idle.resolve, timeoutMs)
      this.#onIdle = idle.resolve
      await idle.promise
      clearTimeout(timer)
    }
    await Promise.all(this.#all().map((slot) => this.#end(slot, 'shutdown')))
    await this.#preparations.allEnded()
    this.#idleUnload.cancel()
  }

  /** Does whatever the present state allows or asks for. To be called after every change of it. */
  #settle(): void {
    for (const slot of this.#all()) if (slot.isSpent && slot.nUsers === 0) void this.#end(slot, undefined)
    this.#line.advance(
      (entry) => this.#roomFor(entry),
      (slot) => slot.enter(++this.#uses),
    )
    this.#trimMemory()
    this.#idleUnload.update(this.#all().filter(({ entry }) => this.#line.nWaitingFor(entry.id) === 0))
  }

  /** The slot of a model, if it has one or can get one now; else the least recently used idle one is emptied, if any is. */
  #roomFor(entry: ModelEntry): Slot | undefined {
    const slot = this.#slots.get(entry.id)
    if (slot) return slot.isOpen ? slot : undefined
    const lack = this.#lackFor(entry)
    if (lack !== undefined) {
      this.#endLeastRecent(lack)
      return undefined
    }
    const { logger, mostAtOnce = MOST_AT_ONCE, clock = systemClock, onLoading, onEvent } = this.#options
    const { hub } = this.#options.settings
    const created = new Slot(entry, {
      // The hub was asked when the model was found or made ready; a place that others need is not held for its answer.
      settings: { ...this.#options.settings, hub: { ...hub, isAsked: true }, device: this.#leastUsedDevice() },
      logger,
      mostAtOnce,
      clock,
      deviceMemory: this.#deviceMemory,
      onLoading,
      onEvent,
      onLoadFailed: (error) => this.#noteFailure(entry, error),
      onChange: (changed) => {
        if (changed.isLoaded) this.#failures.forget(entry.id)
        this.#memory.look(changed)
        this.#settle()
      },
    })
    this.#slots.set(entry.id, created)
    return created
  }

  #leastUsedDevice(): Device {
    const { devices = [], settings } = this.#options
    const nSlotsOn = (device: Device) => this.#all().filter((slot) => slot.device === device).length
    const [first = settings.device, ...others] = devices
    return others.reduce((least, device) => (nSlotsOn(device) < nSlotsOn(least) ? device : least), first)
  }

  /** For want of what a model has no slot; undefined: it may have one. */
  #lackFor({ id }: ModelEntry): 'swap' | 'memory' | undefined {
    if (this.#slots.size >= this.#options.maxLoadedModels) return 'swap'
    return this.#memory.hasRoomFor(id, this.#all()) ? undefined : 'memory'
  }

  #trimMemory(): void {
    const slots = this.#all()
    if (!this.#memory.isExceeded(slots)) return
    if (slots.length === 1) this.#memory.warn(slots[0]!)
    else this.#endLeastRecent('memory')
  }

  /** One at a time: a slot that is ending already is the room that is being made. */
  #endLeastRecent(reason: UnloadReason): void {
    const slots = this.#all()
    if (slots.some((slot) => slot.isEnding)) return
    const idle = slots.filter((slot) => slot.nUsers === 0)
    const leastRecent = idle.sort((a, b) => a.lastUse - b.lastUse)[0]
    if (leastRecent) void this.#end(leastRecent, reason)
  }

  async #end(slot: Slot, reason: UnloadReason | undefined): Promise<void> {
    await slot.end(reason)
    if (this.#slots.get(slot.entry.id) !== slot) return // whoever called first has seen to the rest
    this.#slots.delete(slot.entry.id)
    this.#settle()
  }

  #all(): Slot[] {
    return [...this.#slots.values()]
  }

  #nUsers(): number {
    return this.#all().reduce((sum, slot) => sum + slot.nUsers, 0)
  }
}
