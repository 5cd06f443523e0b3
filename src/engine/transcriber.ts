/** The door through which HTTP and the command line transcribe; the engine pool stands behind it. */

import type { GivenOptions } from '../transcribe/options.ts'
import type { Transcription } from '../transcript/index.ts'

export interface TranscribeRequest {
  /** An id of the registry, a hub repository or a folder. */
  readonly modelId: string
  /** A file that ffmpeg can read; it must live until the promise settles. */
  readonly audioPath: string
  /** Name or code in any usual form; undefined leaves it to the model's own setting or to detection. */
  readonly language?: string | undefined
  /** By the field's names; what is left out has its default. */
  readonly options?: GivenOptions | undefined
  /** Told how much of the recording is done, in seconds. */
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
  /** Aborting stops the work at any stage: waiting, loading, reading, decoding. */
  readonly signal: AbortSignal
}

export interface Transcriber {
  /** True when `modelId` is one that `transcribe` would accept. Decides by name alone. */
  isKnown(modelId: string): boolean
  /** The model that served or is serving most recently and is still loaded. */
  activeModel(): string | null
  /**
   * @throws {ModelUnknownError} for an id outside the registry.
   * @throws {OptionInvalidError} for an option outside its range.
   * @throws {AsrError} any expected failure; `AbortError` after an abort.
   */
  transcribe(request: TranscribeRequest): Promise<Transcription>
  /** Refuses new work, lets running requests finish for at most `timeoutMs`, then ends every engine process. */
  close(timeoutMs: number): Promise<void>
}
