/** A decoder whose steps can be looked at afterwards. */

import type { NextTokens, StepDecoder } from '../../../src/whisper/index.ts'

/** Keeps what each step gave before the search changes it. */
export class RecordingDecoder implements StepDecoder {
  readonly #inner: StepDecoder
  readonly logits: Float32Array[] = []
  readonly fed: number[] = []

  constructor(inner: StepDecoder) {
    this.#inner = inner
  }
  get nRows(): number {
    return this.#inner.nRows
  }
  get length(): number {
    return this.#inner.length
  }
  async prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const logits = await this.#inner.prompt(tokens, logitsAt)
    this.fed.push(...tokens)
    // Of the prompt the last position is the one that chooses a token.
    this.logits.push(logits.slice(-logits.length / logitsAt.length))
    return logits
  }
  async step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens> {
    const next = await this.#inner.step(tokens, parents)
    this.fed.push(tokens[0]!)
    this.logits.push(next.logits!.slice())
    return next
  }
}
