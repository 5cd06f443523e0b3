/** Biases against tokens. */

import { suppress } from './logits.ts'

/** Requests differ little in what they suppress. */
const MOST_KEPT = 8

/**
 * One array for equal lists of tokens. A step whose windows share an array is given it once; windows with arrays of
 * their own would be given a row of V numbers for each hypothesis.
 */
export class LogitBiases {
  readonly #vocabSize: number
  readonly #kept = new Map<string, Float32Array>()

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize
  }

  /** @returns [V]: -∞ for each of `tokens`, 0 for the others. Not to be changed. */
  against(tokens: readonly number[]): Float32Array {
    const key = tokens.join()
    const known = this.#kept.get(key)
    if (known) return known
    const bias = new Float32Array(this.#vocabSize)
    suppress(bias, tokens)
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!) // not empty, so there is one
    this.#kept.set(key, bias)
    return bias
  }
}
