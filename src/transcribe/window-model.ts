/** What transcription asks of a model; the strategies in `models` provide it. */

import type { AlignmentScores, TextDecoder, TextModel } from '../decode/index.ts'

export interface WindowModel extends TextModel {
  /** Windows that are decoded together unless the caller says otherwise, when each takes `rowsPerWindow` rows. */
  batchSize(rowsPerWindow: number): number
  /**
   * Encodes windows with `audioContext` positions each, padding them with silence.
   *
   * @param windows  W × [N], N ≤ 320·audioContext.
   */
  encode(windows: readonly Float32Array[], audioContext: number): Promise<EncodedWindows>
}

/** Windows that are ready to be decoded, as often as it takes. */
export interface EncodedWindows extends Disposable {
  readonly nWindows: number
  /** Fresh texts, `rowsPerWindow` in succession for each window. */
  start(rowsPerWindow: number): TextDecoder & Disposable
  /** The same for one window alone. */
  startWindow(index: number, rowsPerWindow: number): TextDecoder & Disposable
  /** Where the alignment heads look while window `index` is told `tokens`, prompt and eot included. */
  align(index: number, tokens: readonly number[]): Promise<AlignmentScores>
}
