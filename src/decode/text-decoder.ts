/** What decoding asks of a model: a step from tokens to logits. A model's sessions stand behind it; tests script it. */

/** B texts that grow in step, `rowsPerWindow` of them for each window. */
export interface TextDecoder {
  /** B */
  readonly nRows: number
  /** Tokens that each row holds. */
  readonly length: number
  /**
   * Appends T tokens to every row and gives the logits at `logitsAt`, [B × K × V] row-major. The caller may change
   * the array, which the next step overwrites.
   */
  step(tokens: readonly (readonly number[])[], logitsAt: readonly number[]): Promise<Float32Array>
  /** Row i becomes a copy of what row `rows[i]` is; both must belong to the same window. */
  reorder(rows: readonly number[]): void
}
