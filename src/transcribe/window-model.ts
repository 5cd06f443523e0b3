/** What transcription asks of a model; the strategies in `models` provide it. */

import type { AlignmentScores, TextDecoder, TextModel, TokenChoice } from '../decode/index.ts'

/** A model as one request sees it; what other requests do at the same time shows in nothing but the time. */
export interface WindowModel extends TextModel {
  /** Windows of one recording that are worth having under way at a time, when each takes `rowsPerWindow` rows. */
  windowsAtOnce(rowsPerWindow: number): number
  /** Told, where the model wants to know it, whether more windows are on their way, or none until one is disposed of. */
  setReading?(isReading: boolean): void
  /**
   * Encodes a window with `audioContext` positions, padding it with silence. Resolves when its turn has come, which
   * may take until another window of the recording is disposed of.
   *
   * @param samples        [N], N ≤ 320·audioContext.
   * @param rowsPerWindow  rows of the text that it will first be decoded to.
   */
  encode(samples: Float32Array, audioContext: number, rowsPerWindow: number): Promise<EncodedWindow>
}

/** A window that is ready to be decoded, as often as it takes. */
export interface EncodedWindow extends Disposable {
  /** At least what was asked for. */
  readonly audioContext: number
  /** A fresh text; the one before must have been disposed of. */
  start(rowsPerWindow: number, choice: TokenChoice): TextDecoder & Disposable
  /** Where the alignment heads look while the window is told `tokens`, prompt and eot included. */
  align(tokens: readonly number[]): Promise<AlignmentScores>
}
