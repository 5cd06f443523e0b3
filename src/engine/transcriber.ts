/** What HTTP, the command line and the library transcribe with; the engine pool implements it. */

import type { LoadingProgress } from '../models/base.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { LanguageDetection, Segment, Transcription } from '../transcript/index.ts'
import type { RequestedOptions } from '../whisper/options.ts'
import type { LoadFailure } from './load-failures.ts'
import type { Reservation, Reservations } from './request-queue.ts'

/** What a request took of the engine, which may have worked on others at the same time. */
export interface WorkTiming {
  /** From the request's arrival in the engine to its result: reading, encoding, decoding. */
  readonly decodeSeconds: number
  /** Steps of the decoder during that time, for whichever requests. */
  readonly steps: number
  /** Windows that took part, added up over these steps; divided by them: how full the batches were. */
  readonly windowSteps: number
}

export interface TranscribeRequest {
  /** An id of the registry, a hub repository or a folder. */
  readonly modelId: string
  /** A file that ffmpeg can read; it must live until the promise settles. */
  readonly audioPath: string
  /** Name or code in any usual form; `auto` for detection; undefined leaves it to the model's own setting. */
  readonly language?: string | undefined
  /** What is left out has its default. */
  readonly options?: RequestedOptions | undefined
  /** Told how much of the recording is done, in seconds. */
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
  /** Told the segments of each window as soon as it is done, each once, in their order, numbered from 0 on. */
  readonly onSegments?: ((segments: readonly Segment[]) => void) | undefined
  /**
   * Asked when work that was begun again comes to other segments from this id on than it has told: to forget those, where
   * nobody has them yet. By default somebody has, and the work fails.
   */
  readonly takeBack?: ((fromId: number) => boolean) | undefined
  /** Its part in the queue, which ends with the work; by default one is made, whether the queue is full or not. */
  readonly reservation?: Reservation | undefined
  /** Its size speaks for a long recording, which leaves room in the queue to short ones: until its length is known. */
  readonly isLong?: boolean | undefined
  /** Told when an engine takes the work up, each time that one does: the queue and the model's load are over. */
  readonly onStarted?: (() => void) | undefined
  /** Told, just before the result, what it took. */
  readonly onTiming?: ((timing: WorkTiming) => void) | undefined
  /** Aborting stops the work at any stage: waiting, loading, reading, decoding. */
  readonly signal: AbortSignal
}

export type DetectLanguageRequest = Pick<
  TranscribeRequest,
  'modelId' | 'audioPath' | 'options' | 'reservation' | 'isLong' | 'onStarted' | 'onTiming' | 'signal'
>

/** A model that has a process, or is about to have one. */
export interface EngineState {
  readonly modelId: string
  /** `preparing`: it is downloaded and compiled, by a process that does not run it. */
  readonly state: 'preparing' | 'loading' | 'loaded' | 'unloading'
  /** What the preparation is at; undefined in the other states, and while it has not told or waits for its turn. */
  readonly progress?: LoadingProgress | undefined
  readonly pid: number | undefined
  /** What its process has in RAM; undefined where the system does not tell. */
  readonly residentBytes: number | undefined
  /** Where it runs: `cuda:1`, or `auto` where the engine decides. */
  readonly device?: string
  /** What its process has of a GPU's memory; undefined where no driver tells. */
  readonly deviceBytes?: number | undefined
  /** Requests that it works on, or that wait for it to be loaded. */
  readonly nRequests: number
  /** Milliseconds since 1970. */
  readonly loadedAt: number | undefined
  readonly lastUsedAt: number | undefined
  readonly loadSeconds: number | undefined
  /** When it will be unloaded unless a request comes for it; undefined while it stays. */
  readonly expiresAt: number | undefined
}

export interface Transcriber {
  /** The queue that every request passes. */
  readonly queue: Reservations
  /** The model that `name` stands for, by its id, an alias or an allowed repository. Decides by name alone. */
  find(name: string): ModelEntry | undefined
  /** The model that served or is serving most recently and is still loaded. */
  activeModel(): string | null
  /**
   * Refuses what a loaded model cannot do, before there is a recording. Of a model that is not loaded nothing is known
   * yet, so that `transcribe` may still refuse what passes here.
   *
   * @throws {LanguageUnknownError | OptionInvalidError}
   */
  check(request: Pick<TranscribeRequest, 'modelId' | 'language' | 'options'>): void
  /**
   * @throws {ModelUnknownError} for an id outside the registry.
   * @throws {OptionInvalidError} for options that contradict each other.
   * @throws {AsrError} any expected failure; `AbortError` after an abort.
   */
  transcribe(request: TranscribeRequest): Promise<Transcription>
  /**
   * What is spoken, by the first windows with speech.
   *
   * @throws as `transcribe`.
   */
  detectLanguage(request: DetectLanguageRequest): Promise<LanguageDetection>
  /** Every model that is being prepared, being loaded, loaded, or being unloaded. */
  engines(): readonly EngineState[]
  /** Whether a model's process gives no sign of life; it will be ended if that goes on. */
  hasSilentEngine(): boolean
  /** Models that could not be loaded, as long as requests for them are not tried again. */
  loadFailures(): readonly LoadFailure[]
  /** Has the next request try models with these files again: what kept them from being loaded may be mended. */
  forgetLoadFailures(origin: ModelEntry['origin']): void
  /**
   * Prepares and loads a model, as a request for it would, even if it has failed just now.
   *
   * @throws {ModelLoadError} when it cannot be loaded; `AbortError` after an abort, which stops neither.
   */
  load(modelId: string, signal: AbortSignal): Promise<void>
  /**
   * Gives a model's memory back by ending its process, and a load up that no caller waits for; settles when that is gone.
   *
   * @returns false when it is neither loaded nor on its way.
   * @throws {ModelBusyError} when a request uses it or waits for it.
   */
  unload(modelId: string): Promise<boolean>
  /** Refuses new work, lets running requests finish for at most `timeoutMs`, then ends every engine process. */
  close(timeoutMs: number): Promise<void>
}
