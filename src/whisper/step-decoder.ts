/** What the search asks of a backend that decodes step by step: from tokens to what may come next. */

/** The hypotheses of one window: they begin alike, grow in step, and one may be continued several times. */
export interface StepDecoder {
  /** R: hypotheses, one row each. */
  readonly nRows: number
  /** Tokens that each row holds. */
  readonly length: number
  /**
   * Appends the same T tokens to every row.
   *
   * @param logitsAt  K positions among the T.
   * @returns         [K × V] row-major, the caller's own.
   */
  prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array>
  /**
   * Appends one token to each row.
   *
   * @param parents  the row that each row goes on from: itself, or one that goes on from itself. Left out: itself.
   */
  step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens>
}

/** What may follow each of R rows. Written again by the next step. */
export interface NextTokens {
  /** [R × N] row-major: the N likeliest tokens, falling, and the natural logarithm of their probability. */
  readonly tokens: BigInt64Array
  readonly logprobs: Float32Array
  /** [R × V] row-major, raw; only where they were asked for. The caller may change them. */
  readonly logits: Float32Array | undefined
}

/** What a decoder is told when a text begins. */
export interface LogitRules {
  /** [V], added to the logits before the likeliest tokens are chosen: 0, or -∞ for what is never said. */
  readonly logitBias: Float32Array
  /** True where choosing takes more than a bias, so that every step gives its logits. */
  readonly needsLogits: boolean
}
