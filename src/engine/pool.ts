/**
 * The hot swap: which models are loaded. Who waits for which is told by `line.ts`, one loaded model by `slot.ts`; here
 * room is made, when a request needs it, when memory runs short, and when a model has rested for long.
 */

import type { Device, EngineSettings } from '../config.ts'
import { ModelBusyError, ModelUnknownError, OptionInvalidError, ServiceClosingError } from '../errors/index.ts'
import { isDetectionAsked } from '../languages.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { parseOptions } from '../transcribe/options.ts'
import type { LanguageDetection, Transcription } from '../transcript/index.ts'
import { type Clock, systemClock } from './clock.ts'
import { DeviceMemoryReader } from './device-memory.ts'
import type { EngineOptions } from './engine-process.ts'
import type { EngineEvent, UnloadReason } from './events.ts'
import { IdleUnload } from './idle-unload.ts'
import { Line } from './line.ts'
import { MemoryLimit } from './memory-limit.ts'
import { orAborted } from './or-aborted.ts'
import type { EngineWork } from './protocol.ts'
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

export class EnginePool implements Transcriber {
  readonly #options: EnginePoolOptions
  readonly #slots = new Map<string, Slot>()
  readonly #line = new Line(() => this.#settle())
  readonly #memory: MemoryLimit
  readonly #idleUnload: IdleUnload
  readonly #deviceMemory: DeviceMemoryReader
  #uses = 0
  #isClosing = false
  #onIdle: (() => void) | undefined

  constructor(options: EnginePoolOptions) {
    const { maxMemoryBytes, logger, ttlMs, keepLoaded, clock = systemClock } = options
    this.#options = options
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
    return this.#all().map((slot) => {
      const nWaiting = this.#line.nWaitingFor(slot.entry.id)
      const expiresAt = nWaiting > 0 ? undefined : this.#idleUnload.expiresAt(slot)
      return { ...slot.state, nRequests: slot.nUsers + nWaiting, expiresAt }
    })
  }

  async transcribe(request: TranscribeRequest): Promise<Transcription> {
    return (await this.#work('transcribe', request)) as Transcription // by the kind of work
  }

  async detectLanguage(request: DetectLanguageRequest): Promise<LanguageDetection> {
    return (await this.#work('detect-language', request)) as LanguageDetection // by the kind of work
  }

  async #work(kind: EngineWork['kind'], request: TranscribeRequest): Promise<Transcription | LanguageDetection> {
    const { signal, audioPath, language, onProgress, onSegments, onStarted, onTiming } = request
    const entry = this.#options.resolve(request.modelId)
    const options = parseOptions(request.options, { audioContext: this.#options.settings.audioContext })
    if (options.multilingual && language !== undefined && !isDetectionAsked(language)) {
      throw new OptionInvalidError('multilingual', 'true', 'false, or leave the language out')
    }
    signal.throwIfAborted()
    if (!this.#slots.get(entry.id)?.isLoaded) {
      await this.#options.checkAudio?.(request.audioPath, signal)
    }

    const callbacks = { onProgress, onSegments, onStarted, onTiming }
    const engineRequest = { kind, audioPath, language, options, signal, ...callbacks }
    return await this.#use(entry, signal, (slot) => slot.work(engineRequest))
  }

  async load(modelId: string, signal: AbortSignal): Promise<void> {
    await this.#use(this.#options.resolve(modelId), signal, (slot) => slot.load(signal))
  }

  /** Has a slot's model for itself and others as long as `work` goes on. */
  async #use<T>(entry: ModelEntry, signal: AbortSignal, work: (slot: Slot) => Promise<T>): Promise<T> {
    if (this.#isClosing) throw new ServiceClosingError()
    const admitted = this.#line.join(entry, signal)
    this.#settle()
    const slot = await admitted
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

  async unload(modelId: string): Promise<boolean> {
    const { id } = this.#options.resolve(modelId)
    const slot = this.#slots.get(id)
    if (!slot) return false
    if (slot.nUsers > 0 || this.#line.nWaitingFor(id) > 0) throw new ModelBusyError(modelId)
    await this.#end(slot, 'request')
    return true
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    this.#line.refuseAll(new ServiceClosingError())
    if (this.#nUsers() > 0) {
      const idle = Promise.withResolvers<void>()
      const timer = setTimeout(idle.resolve, timeoutMs)
      this.#onIdle = idle.resolve
      await idle.promise
      clearTimeout(timer)
    }
    await Promise.all(this.#all().map((slot) => this.#end(slot, 'shutdown')))
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
    const settings = { ...this.#options.settings, device: this.#leastUsedDevice() }
    const deviceMemory = this.#deviceMemory
    const onChange = (changed: Slot) => {
      this.#memory.look(changed)
      this.#settle()
    }
    const created = new Slot(entry, { settings, logger, mostAtOnce, clock, deviceMemory, onLoading, onEvent, onChange })
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
