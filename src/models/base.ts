/** Interface of every family of checkpoints; the factory in `families.ts` makes them, the engine process runs them. */

import type { EngineSettings } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { LanguageDetection, Segment, Transcription } from '../transcript/index.ts'
import type { DecodingOptions, StepCounts } from '../whisper/index.ts'
import type { ModelEntry } from './registry.ts'

export interface StrategyContext {
  readonly entry: ModelEntry
  readonly settings: EngineSettings
  readonly logger: Logger
  /** Told what loading is at, such as bytes of a download. */
  readonly onLoading?: (progress: LoadingProgress) => void
}

export interface LoadingProgress {
  readonly stage: 'download' | 'compile' | 'open'
  /** Name of the file that is being worked on, or nothing. */
  readonly item: string
  /** 0 to 1 where it is known. */
  readonly fraction: number | undefined
}

export interface StrategyTranscribeOptions {
  /** In any form a person would write it; `auto` for detection; undefined leaves it to the model's entry. */
  readonly language?: string | undefined
  readonly options: DecodingOptions
  readonly signal: AbortSignal
  /** Told how long the recording is, in seconds, as far as its header says it; it may be wrong. */
  readonly onLength?: ((seconds: number) => void) | undefined
  readonly onProgress?: (doneSeconds: number) => void
  /** Told the segments of each window as soon as it is done, in order. */
  readonly onSegments?: (segments: readonly Segment[]) => void
}

/** One model: loads itself, transcribes files, gives everything back. */
export abstract class AsrStrategy {
  /**
   * Fetches the checkpoint, compiles it where no earlier run has, and opens it. Loading twice is loading once.
   *
   * @throws {AsrError} when the files cannot be had, are damaged, or are not of a family we compile.
   */
  abstract loadModel(signal: AbortSignal): Promise<void>

  /**
   * Does of a load what takes long, so that the next one only has to open: fetches the checkpoint and compiles it.
   *
   * @throws {AsrError} as `loadModel`.
   */
  abstract prepareModel(signal: AbortSignal): Promise<void>

  /** Codes of the languages that the loaded model writes; none for one that knows only English. */
  abstract get languages(): readonly string[]

  /** @throws {AsrError} when the file is no audio or the language is unknown; `AbortError` after an abort. */
  abstract transcribe(audioPath: string, options: StrategyTranscribeOptions): Promise<Transcription>

  /** Language of a file, by its first windows with speech; errors as `transcribe`. */
  abstract detectLanguage(
    audioPath: string,
    options: Pick<StrategyTranscribeOptions, 'options' | 'signal' | 'onLength'>,
  ): Promise<LanguageDetection>

  /** Steps of all requests together, since the model was loaded. */
  abstract get stepCounts(): StepCounts

  /**
   * Gives back what is not needed while there is nothing to do; to be called then.
   *
   * @param isOverLimit  it has more of a GPU's memory than it may.
   */
  async rest(_isOverLimit: boolean): Promise<void> {}

  /** Releases the sessions and their memory. The strategy may be loaded again. */
  abstract unload(): Promise<void>
}
