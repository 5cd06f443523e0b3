/** Greedy search over a batch of rows. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { argmax, logprobOf, suppress } from './logits.ts'
import { loopPeriod } from './repetition.ts'

/** B texts that grow in step; a model's decoder with its key/value cache behind it. */
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
}

export interface GreedyOptions {
  /** Most tokens of one row, its prompt included: the decoder's positions. */
  readonly maxTextContext: number
  /** Ends a row that repeats itself, instead of filling all positions with the loop. */
  readonly stopLoops: boolean
  readonly signal: AbortSignal
}

/** What one row came to. */
export interface DecodedRow {
  /** Without prompt and eot. */
  readonly tokens: readonly number[]
  /** Mean natural log-probability of the chosen tokens, eot included. */
  readonly avgLogprob: number
  readonly ended: 'eot' | 'length' | 'loop'
}

/**
 * Takes the likeliest token again and again, until every row has ended.
 *
 * @param first  [B × V] logits after the prompt; changed in place.
 * @see openai/whisper:whisper/decoding.py `GreedyDecoder`
 */
export async function decodeGreedy(
  decoder: TextDecoder,
  first: Float32Array,
  generation: GenerationConfig,
  options: GreedyOptions,
): Promise<DecodedRow[]> {
  const rows = Array.from({ length: decoder.nRows }, () => new GrowingRow())
  let logits = first
  for (;;) {
    const vocabSize = logits.length / rows.length
    for (const [i, row] of rows.entries()) {
      if (row.ended) continue
      const rowLogits = logits.subarray(i * vocabSize, (i + 1) * vocabSize)
      suppress(rowLogits, generation.suppressTokens)
      if (row.tokens.length === 0) suppress(rowLogits, generation.beginSuppressTokens)
      row.choose(rowLogits, generation.eot, options.stopLoops)
    }
    // The token just chosen takes a position of its own, though the last one is never fed.
    if (rows.every((row) => row.ended) || decoder.length + 1 >= options.maxTextContext) break
    options.signal.throwIfAborted()
    // A row that has ended is fed eot: its place in the batch stays, what it would say is not looked at.
    const next = rows.map((row) => [row.ended ? generation.eot : row.tokens.at(-1)!])
    logits = await decoder.step(next, [0])
  }
  return rows.map((row) => row.result())
}

class GrowingRow {
  readonly tokens: number[] = []
  ended: DecodedRow['ended'] | undefined
  #sumLogprob = 0
  #nChosen = 0

  choose(logits: Float32Array, eot: number, stopLoops: boolean): void {
    const token = argmax(logits)
    this.#sumLogprob += logprobOf(logits, token)
    this.#nChosen++
    if (token === eot) this.ended = 'eot'
    else this.tokens.push(token)
    if (stopLoops && !this.ended && loopPeriod(this.tokens) > 0) this.ended = 'loop'
  }

  result(): DecodedRow {
    const avgLogprob = this.#sumLogprob / this.#nChosen
    return { tokens: this.tokens, avgLogprob, ended: this.ended ?? 'length' }
  }
}
