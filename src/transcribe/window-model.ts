/** What the long-form loop asks of a model; the strategies in `models` provide it. */

import type { DecodedWindow } from '../decode/index.ts'

export interface WindowDecodeOptions {
  /** Code of a language token; undefined: detected on the first window given. */
  readonly language: string | undefined
  readonly signal: AbortSignal
}

export interface WindowModel {
  /** Windows that are decoded together, at most. */
  readonly batchSize: number
  /**
   * Encodes windows with `audioContext` positions each, padding them with silence, and decodes them.
   *
   * @param windows  W × [N], N ≤ 320·audioContext; W ≤ batchSize.
   */
  decode(windows: readonly Float32Array[], audioContext: number, options: WindowDecodeOptions): Promise<DecodedWindow[]>
}
