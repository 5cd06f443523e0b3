/**
 * The hot swap: which models are loaded, and who waits for which.
 *
 * Requests stand in one line. A request whose model is loaded runs at once, unless somebody before it waits for
 * another model: then it waits too, or a steady stream for one model would starve the others. When a slot is free, the
 * model of the line's first request is loaded and all that wait for it are let in together, so that requests that
 * alternate between two models cost two swaps and not one each.
 */

import type { EngineSettings } from '../config.ts'
import {
  EngineCrashedError,
  ModelBusyError,
  ModelUnknownError,
  OptionInvalidError,
  ServiceClosingError,
} from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import type { ModelEntry } from '../models/registry.ts'
import { parseOptions } from '../transcribe/options.ts'
import type { LanguageDetection, Transcription } from '../transcript/index.ts'
import { type EngineOptions, EngineProcess, type EngineRequest } from './engine-process.ts'
import { type EngineEvent, reportLife, type UnloadReason } from './events.ts'
import { orAborted } from './or-aborted.ts'
import { Places } from './places.ts'
import type { EngineWork } from './protocol.ts'
import type { DetectLanguageRequest, EngineState, TranscribeRequest, Transcriber } from './transcriber.ts'

export interface EnginePoolOptions {
  /** Finds a model by what the caller names; throws `ModelUnknownError`. */
  readonly resolve: (modelId: string) => ModelEntry
  readonly maxLoadedModels: number
  readonly settings: EngineSettings
  readonly logger: Logger
  /** Told what the loading of a model is at. */
  readonly onLoading?: EngineOptions['onLoading']
  /** Called before a model is loaded for this file; what it throws spares the loaded model from being swapped out. */
  readonly checkAudio?: (audioPath: string, signal: AbortSignal) => Promise<void>
  /** Told when a model has been loaded or unloaded. */
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

/**
 * Requests that one engine works on at a time. Its windows share the model's steps, so that more of them answer more
 * requests in the same time; but each has an ffmpeg and up to a minute of samples.
 */
const MOST_AT_ONCE = 8

/** A place for one loaded model. */
interface Slot {
  readonly entry: ModelEntry
  engine: EngineProcess | undefined
  /** Why the model could not be loaded: the answer to everybody who was let in for it. */
  loadFailure: unknown
  /** Requests that were let in and have not finished. */
  nUsers: number
  /** The requests that the engine works on at a time. */
  readonly places: Places
  /** For requests whose engine died while it was working on others too. */
  readonly secondTries: Places
  /** Counts uses of the whole pool, so that the least recently used slot can be told. */
  lastUsed: number
  isEnding: boolean
  /** Why it is ending. */
  endReason: UnloadReason | undefined
}

interface Waiting {
  readonly entry: ModelEntry
  readonly admitted: PromiseWithResolvers<Slot>
}

export class EnginePool implements Transcriber {
  readonly #options: EnginePoolOptions
  readonly #slots = new Map<string, Slot>()
  #line: readonly Waiting[] = []
  #uses = 0
  #isClosing = false
  #onIdle: (() => void) | undefined

  constructor(options: EnginePoolOptions) {
    this.#options = options
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
    const loaded = [...this.#slots.values()].filter((slot) => slot.engine?.isLoaded && !slot.isEnding)
    return loaded.sort((a, b) => b.lastUsed - a.lastUsed)[0]?.entry.id ?? null
  }

  /** Process ids of the engines that are alive, for tests and memory figures. */
  enginePids(): number[] {
    const engines = [...this.#slots.values()].map((slot) => slot.engine)
    return engines.filter((engine) => engine?.isAlive).map((engine) => engine!.pid!)
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
    const options = parseOptions(request.options)
    if (options.multilingual && request.language !== undefined) {
      throw new OptionInvalidError('multilingual', 'true', 'false, or leave the language out')
    }
    signal.throwIfAborted()
    if (!this.#slots.get(entry.id)?.engine?.isLoaded) {
      await this.#options.checkAudio?.(request.audioPath, signal)
    }

    const callbacks = { onProgress, onSegments, onStarted, onTiming }
    const engineRequest = { kind, audioPath, language, options, signal, ...callbacks }
    return await this.#use(entry, signal, (slot) => slot.places.take(signal, () => this.#workIn(slot, engineRequest)))
  }

  async load(modelId: string, signal: AbortSignal): Promise<void> {
    await this.#use(this.#options.resolve(modelId), signal, (slot) => this.#engineOf(slot, signal))
  }

  engines(): readonly EngineState[] {
    return Array.from(this.#slots.values(), ({ entry, engine, nUsers, isEnding }) => ({
      modelId: entry.id,
      state: isEnding ? 'unloading' : engine?.isLoaded ? 'loaded' : 'loading',
      pid: engine?.pid,
      nRequests: nUsers,
      loadedAt: undefined,
      lastUsedAt: undefined,
      loadSeconds: undefined,
    }))
  }

  /** Has a slot's model for itself and others as long as `work` goes on. */
  async #use<T>(entry: ModelEntry, signal: AbortSignal, work: (slot: Slot) => Promise<T>): Promise<T> {
    const slot = await this.#admit(entry, signal)
    const done = work(slot).finally(() => {
      slot.nUsers--
      this.#schedule()
      if (this.#nUsers() === 0) this.#onIdle?.()
    })
    done.catch(() => {}) // after an abort nobody waits for it any more
    // The caller is let go at once; its place is free when the engine has really stopped, which may take one long step.
    return await orAborted(done, signal)
  }

  async unload(modelId: string): Promise<boolean> {
    const slot = this.#slots.get(this.#options.resolve(modelId).id)
    if (!slot || slot.isEnding) return false
    if (slot.nUsers > 0) throw new ModelBusyError(modelId)
    await this.#endSlot(slot, 'request')
    this.#schedule()
    return true
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    for (const { admitted } of this.#line) admitted.reject(new ServiceClosingError())
    this.#line = []
    if (this.#nUsers() > 0) {
      const idle = Promise.withResolvers<void>()
      const timer = setTimeout(idle.resolve, timeoutMs)
      this.#onIdle = idle.resolve
      await idle.promise
      clearTimeout(timer)
    }
    await Promise.all([...this.#slots.values()].map((slot) => this.#endSlot(slot, 'shutdown')))
  }

  /** Waits in line for a place where `entry` is, or may be, loaded. */
  async #admit(entry: ModelEntry, signal: AbortSignal): Promise<Slot> {
    if (this.#isClosing) throw new ServiceClosingError()
    const waiting: Waiting = { entry, admitted: Promise.withResolvers() }
    const leave = () => {
      this.#line = this.#line.filter((other) => other !== waiting)
      waiting.admitted.reject(signal.reason)
      this.#schedule()
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#line = [...this.#line, waiting]
    this.#schedule()
    try {
      return await waiting.admitted.promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** Lets in whoever may be, from the head of the line on. */
  #schedule(): void {
    let isBlocked = false
    const stillWaiting: Waiting[] = []
    const isLetIn = new Set<string>()
    for (const waiting of this.#line) {
      const { id } = waiting.entry
      if (!isBlocked && this.#makeRoomFor(waiting.entry)) isLetIn.add(id)
      // Those behind a blocked one come in only with a model that has just been let in for somebody before it.
      if (isLetIn.has(id)) this.#letIn(waiting)
      else {
        isBlocked = true
        stillWaiting.push(waiting)
      }
    }
    this.#line = stillWaiting
  }

  #letIn({ entry, admitted }: Waiting): void {
    const slot = this.#slots.get(entry.id)!
    slot.nUsers++
    slot.lastUsed = ++this.#uses
    admitted.resolve(slot)
  }

  /** True when there is a slot for `entry`; otherwise the least recently used idle one is being emptied, if any is. */
  #makeRoomFor(entry: ModelEntry): boolean {
    const slot = this.#slots.get(entry.id)
    if (slot && !slot.isEnding && slot.loadFailure === undefined) return true
    if (!slot && this.#slots.size < this.#options.maxLoadedModels) {
      this.#slots.set(entry.id, newSlot(entry))
      return true
    }
    // One at a time: a slot that is ending already is the room that is being made.
    const slots = [...this.#slots.values()]
    if (slots.some((other) => other.isEnding)) return false
    const idle = (slot ? [slot] : slots).filter((other) => other.nUsers === 0)
    const leastRecent = idle.sort((a, b) => a.lastUsed - b.lastUsed)[0]
    if (leastRecent) void this.#endSlot(leastRecent, 'swap').then(() => this.#schedule())
    return false
  }

  async #endSlot(slot: Slot, reason: UnloadReason): Promise<void> {
    slot.isEnding = true
    slot.endReason ??= reason
    await slot.engine?.end()
    this.#slots.delete(slot.entry.id)
  }

  async #workIn(slot: Slot, request: EngineRequest): Promise<Transcription | LanguageDetection> {
    const engine = await this.#engineOf(slot, request.signal)
    try {
      return await engine.work(request)
    } catch (error) {
      if (!(error instanceof EngineCrashedError) || engine.nLost < 2) throw error
      // Most of those that an engine was working on when it died have nothing to do with it. Each gets another try, one
      // after the other, so that the one that kills engines does not take the rest along again.
      return await slot.secondTries.take(request.signal, async () => {
        const another = await this.#engineOf(slot, request.signal)
        return await another.work(request)
      })
    }
  }

  /** The slot's engine, loaded: a new one where there is none or where the last one has died. */
  async #engineOf(slot: Slot, signal: AbortSignal): Promise<EngineProcess> {
    if (slot.loadFailure !== undefined) throw slot.loadFailure
    if (!slot.engine?.isAlive) {
      const { settings, logger, onLoading, onEvent } = this.#options
      slot.engine = new EngineProcess({ entry: slot.entry, settings, logger, onLoading })
      if (onEvent) void reportLife(slot.engine, onEvent, () => slot.endReason)
    }
    const { engine } = slot
    try {
      // A caller who leaves does not stop the loading: the next request for this model will be glad of it.
      await orAborted(engine.loaded, signal)
      return engine
    } catch (error) {
      if (!signal.aborted) slot.loadFailure = error
      throw error
    }
  }

  #nUsers(): number {
    return [...this.#slots.values()].reduce((sum, slot) => sum + slot.nUsers, 0)
  }
}

function newSlot(entry: ModelEntry): Slot {
  return {
    entry,
    engine: undefined,
    loadFailure: undefined,
    nUsers: 0,
    places: new Places(MOST_AT_ONCE),
    secondTries: new Places(1),
    lastUsed: 0,
    isEnding: false,
    endReason: undefined,
  }
}
