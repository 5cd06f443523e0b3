/**
 * Transcribes with the models of a registry, each in an engine of its own. The way of a request: its options are checked,
 * its model is made ready on the disk (`preparation.ts`), it waits its turn (`request-queue.ts`), and an engine works on it
 * (`loaded-engines.ts`, `engine-handle.ts`).
 */

import { abortable, onAbort } from '../async/abortable.ts'
import { systemClock } from '../async/clock.ts'
import { Semaphore } from '../async/semaphore.ts'
import type { AudioProbe } from '../audio/index.ts'
import {
  ModelBusyError,
  type ModelLoadError,
  ModelUnknownError,
  OptionInvalidError,
  ServiceClosingError,
} from '../errors/index.ts'
import { isDetectionAsked } from '../languages.ts'
import { checkLanguages } from '../models/model-languages.ts'
import type { ModelEntry } from '../models/registry.ts'
import { residentBytes } from '../processes/process-memory.ts'
import type { LanguageDetection, Transcription, WorkKind, WorkResults } from '../transcript/index.ts'
import { withDefaults } from '../whisper/options.ts'
import type { EngineHandle } from './engine-handle.ts'
import type { EngineRequest } from './engine-process.ts'
import { type LoadFailure, LoadFailures } from './load-failures.ts'
import { LoadedEngines, type LoadedEnginesOptions } from './loaded-engines.ts'
import { type PreparationState, Preparations } from './preparation.ts'
import { type EngineUse, type QueuedRequest, type QueueLimits, RequestQueue } from './request-queue.ts'
import { ToldOnce } from './told-once.ts'
import type { DetectLanguageRequest, EngineState, TranscribeRequest, Transcriber } from './transcriber.ts'

/**
 * Requests that one engine works on at a time. Its windows share the model's steps, so that more of them answer more
 * requests in the same time; but each has an ffmpeg and up to a minute of samples.
 */
const MOST_AT_ONCE = 8

/** A longer recording counts as long. */
const LONG_SECONDS = 120

/** Loads that go on though their callers have left, the newest of them. */
const MOST_LEFT_ALONE = 4

export interface EnginePoolOptions extends Omit<LoadedEnginesOptions, 'clock'>, Omit<QueueLimits, 'maxPerEngine'> {
  /** Finds a model by what the caller names; throws `ModelUnknownError`. */
  readonly resolve: (modelId: string) => ModelEntry
  readonly clock?: LoadedEnginesOptions['clock']
  /**
   * Called before a model is loaded for this file: what it throws spares the loaded model from being swapped out. And for
   * files that are large enough to be long recordings.
   */
  readonly checkAudio?: (audioPath: string, signal: AbortSignal) => Promise<AudioProbe>
}

/** A request that no engine has taken yet: its model is being prepared, or it waits its turn. */
interface Expected extends Disposable {
  readonly modelId: string
  /** Stops a load whose caller has left; undefined while the caller is there. */
  stop: AbortController | undefined
}

export class EnginePool implements Transcriber {
  readonly queue: RequestQueue<EngineHandle>
  readonly #options: EnginePoolOptions
  readonly #engines: LoadedEngines
  readonly #preparations: Preparations
  readonly #failures: LoadFailures
  readonly #audioChecks: Semaphore
  readonly #expected = new Set<Expected>()
  readonly #closing = new AbortController()

  constructor(options: EnginePoolOptions) {
    const { settings, logger, onLoading, patience, clock = systemClock, maxConcurrency = MOST_AT_ONCE } = options
    this.#options = options
    this.#failures = new LoadFailures(clock)
    this.#engines = new LoadedEngines(
      { ...options, clock },
      {
        onLoaded: (modelId) => this.#failures.forget(modelId),
        onLoadFailed: (entry, error) => {
          const noted = this.#noteFailure(entry, error)
          this.queue.refuse(noted, entry.id)
          return noted
        },
        onChange: () => this.queue.advance(),
        isAwaited: (modelId) => this.queue.nWaitingFor(modelId) > 0,
      },
    )
    this.queue = new RequestQueue(this.#engines, { ...options, maxPerEngine: maxConcurrency })
    this.#audioChecks = new Semaphore(maxConcurrency)
    this.#preparations = new Preparations({
      settings,
      logger,
      onLoading,
      patience,
      onFailed: (entry, error) => {
        options.onEvent?.({ type: 'load-failed', modelId: entry.id })
        return this.#noteFailure(entry, error)
      },
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
    const loaded = this.#engines.all().filter((engine) => engine.isLoaded)
    return loaded.sort((a, b) => b.lastUse - a.lastUse)[0]?.entry.id ?? null
  }

  /** Process ids of the engines that are alive, for tests and memory figures. */
  enginePids(): number[] {
    return this.#engines.all().flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  engines(): readonly EngineState[] {
    const started = this.#engines.all().map((engine) => {
      const nExpected = this.#nExpectedFor(engine.entry.id)
      const expiresAt = nExpected > 0 ? undefined : this.#engines.expiresAt(engine)
      return { ...engine.state, nRequests: engine.nUsers + nExpected, expiresAt }
    })
    const preparing = this.#preparations.states().filter(({ modelId }) => !this.#engines.of(modelId))
    return [...started, ...preparing.map((state) => this.#preparingState(state))]
  }

  #preparingState({ modelId, pid, progress }: PreparationState): EngineState {
    return {
      modelId,
      state: 'preparing',
      progress,
      pid,
      residentBytes: pid === undefined ? undefined : residentBytes(pid),
      nRequests: this.#nExpectedFor(modelId),
      loadedAt: undefined,
      lastUsedAt: undefined,
      loadSeconds: undefined,
      expiresAt: undefined,
    }
  }

  hasSilentEngine(): boolean {
    return this.#engines.all().some(({ isSilent }) => isSilent)
  }

  loadFailures(): readonly LoadFailure[] {
    return this.#failures.list()
  }

  forgetLoadFailures(origin: ModelEntry['origin']): void {
    this.#failures.forgetAllOf(origin)
  }

  check({ modelId, language, options = {} }: Pick<TranscribeRequest, 'modelId' | 'language' | 'options'>): void {
    const entry = this.#options.resolve(modelId)
    const codes = this.#engines.of(entry.id)?.languages
    if (codes) checkLanguages(codes, entry, language, options)
  }

  async transcribe(request: TranscribeRequest): Promise<Transcription> {
    return await this.#work('transcribe', request)
  }

  async detectLanguage(request: DetectLanguageRequest): Promise<LanguageDetection> {
    return await this.#work('detect-language', request)
  }

  async #work<K extends WorkKind>(kind: K, request: TranscribeRequest): Promise<WorkResults[K]> {
    const { signal, audioPath, language, onStarted, onTiming } = request
    using reservation = request.reservation ?? this.queue.enter()
    const entry = this.#options.resolve(request.modelId)
    const options = withDefaults(request.options, { audioContext: this.#options.settings.audioContext })
    if (options.multilingual && language !== undefined && !isDetectionAsked(language)) {
      throw new OptionInvalidError('multilingual', 'true', 'false, or leave the language out')
    }
    signal.throwIfAborted()
    this.#failures.throwIfPaused(entry.id)
    const isLong = await this.#isLong(entry, request)
    const retelling = new AbortController()
    const told = new ToldOnce(request, (error) => retelling.abort(error))
    const engineRequest = {
      ...{ kind, audioPath, language, options, onStarted, onTiming },
      signal: AbortSignal.any([signal, retelling.signal]),
      onProgress: told.onProgress,
      onSegments: request.onSegments && told.onSegments,
    }
    const result = await this.#workByLength({ entry, isLong, reservation }, engineRequest)
    if ('segments' in result) told.check(result)
    return result
  }

  /**
   * What a file's size says is a guess. A large one is looked into, which costs little beside the work; a small one is
   * taken for short, since to look into it would take as long as the work on a short clip. Its engine has the length when
   * it reads it.
   */
  async #isLong({ id }: ModelEntry, { audioPath, isLong = false, signal }: TranscribeRequest): Promise<boolean> {
    if (this.#engines.of(id)?.isLoaded && !isLong) return false
    const probe = await this.#audioChecks.run(signal, async () => await this.#options.checkAudio?.(audioPath, signal))
    return probe?.durationSeconds === undefined ? isLong : probe.durationSeconds > LONG_SECONDS
  }

  /**
   * Begins again as a long recording what was let in as a short one, turns out to be long and has no place as such: by its
   * header, before anything is done, or by what has been done where the header does not say it, or lies.
   */
  async #workByLength<K extends WorkKind>(
    { entry, isLong, reservation }: Omit<QueuedRequest, 'signal'>,
    request: EngineRequest<K> & Pick<TranscribeRequest, 'onProgress'>,
  ): Promise<WorkResults[K]> {
    const leaving = new AbortController()
    const signal = AbortSignal.any([request.signal, leaving.signal])
    try {
      using expected = this.#expect(entry.id)
      return await this.#use({ entry, isLong, reservation, signal }, expected, (use) => {
        const hear = (seconds: number) => {
          if (seconds > LONG_SECONDS && !leaving.signal.aborted && !use.becomeLong()) leaving.abort()
        }
        const onProgress = (doneSeconds: number) => {
          hear(doneSeconds)
          request.onProgress?.(doneSeconds)
        }
        return use.engine.work({ ...request, signal, onLength: hear, onProgress })
      })
    } catch (error) {
      if (!leaving.signal.aborted || request.signal.aborted) throw error
      return await this.#workByLength({ entry, isLong: true, reservation }, request)
    }
  }

  /** Goes on when its caller leaves: it is asked for what comes after it, not for an answer. */
  async load(modelId: string, signal: AbortSignal): Promise<void> {
    const entry = this.#options.resolve(modelId)
    signal.throwIfAborted()
    this.#failures.forget(entry.id)
    const loading = this.#load(entry, signal)
    loading.catch(() => {}) // the caller may have left
    await abortable(loading, signal)
  }

  /** @param caller  its abort leaves the load to itself. */
  async #load(entry: ModelEntry, caller: AbortSignal): Promise<void> {
    const stop = new AbortController()
    using expected = this.#expect(entry.id)
    using _leaving = onAbort(caller, () => {
      expected.stop = stop
      this.#keepFewLeftAlone()
    })
    const request = { entry, isLong: false, reservation: undefined, signal: stop.signal }
    await this.#use(request, expected, ({ engine }) => engine.load(caller))
  }

  /** A load without a caller is a favour to the next one; callers that come and leave must not fill the queue with them. */
  #keepFewLeftAlone(): void {
    const leftAlone = Array.from(this.#expected).filter(({ stop }) => stop)
    for (const { stop } of leftAlone.slice(0, -MOST_LEFT_ALONE)) stop?.abort()
  }

  /** Has an engine, for itself and others, as long as `work` goes on. */
  async #use<T>(
    request: QueuedRequest,
    expected: Expected,
    work: (use: EngineUse<EngineHandle>) => Promise<T>,
  ): Promise<T> {
    const { entry, signal } = request
    if (!this.#engines.of(entry.id)?.isOpen) await this.#makeReady(entry, signal)
    this.#closing.signal.throwIfAborted()
    const use = await this.queue.admit(request)
    expected[Symbol.dispose]()
    const done = work(use).finally(() => use[Symbol.dispose]())
    done.catch(() => {}) // after an abort its caller does not wait for it any more
    // The caller is let go at once; the engine is free when it has really stopped, which may take one long step.
    return await abortable(done, signal)
  }

  /** Does what takes long before any room is made for the model. */
  async #makeReady(entry: ModelEntry, signal: AbortSignal): Promise<void> {
    this.#failures.throwIfPaused(entry.id)
    const either = AbortSignal.any([signal, this.#closing.signal])
    if (await this.#preparations.isReady(entry, either)) return
    await this.#preparations.prepare(entry, either)
  }

  #expect(modelId: string): Expected {
    const expected = {
      modelId,
      stop: undefined,
      [Symbol.dispose]: () => void this.#expected.delete(expected),
    }
    this.#expected.add(expected)
    return expected
  }

  /** Requests whose caller is there. */
  #nExpectedFor(modelId: string): number {
    return Array.from(this.#expected).filter((one) => one.modelId === modelId && !one.stop).length
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
    const engine = this.#engines.of(id)
    if ((engine?.nUsers ?? 0) > 0 || this.#nExpectedFor(id) > 0) throw new ModelBusyError(modelId)
    const leftAlone = Array.from(this.#expected).filter((one) => one.modelId === id)
    if (!engine && leftAlone.length === 0) return false
    for (const { stop } of leftAlone) stop?.abort()
    await Promise.all([engine && this.#engines.end(engine, 'request'), this.#preparations.ended(id)])
    return true
  }

  async close(timeoutMs: number): Promise<void> {
    const refusal = new ServiceClosingError()
    this.#closing.abort(refusal)
    this.queue.refuse(refusal)
    await this.#engines.close(timeoutMs)
    await this.#preparations.allEnded()
  }
}
