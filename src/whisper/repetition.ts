/** Signs that a decoder has fallen into a loop. */

import { deflateSync } from 'node:zlib'

const LONGEST_PERIOD = 12
const REPEATS = 4

/** Tokens of a phrase that is said again and again as fast as people can: six syllables, with a comma or two tokens each. */
const TOKENS_PER_SECOND = 12.5

/** The most tokens of one phrase, repeated, that so much speech can hold. What is longer is a loop of the decoder. */
export function longestRepeat(speechSeconds: number): number {
  return Math.ceil(TOKENS_PER_SECOND * speechSeconds)
}

/**
 * Length of the phrase (2 to 12 tokens) that ends `tokens` four times in succession at least, and over `longest` tokens at
 * least; or 0. A single token that repeats counts as a phrase of two.
 */
export function loopPeriod(tokens: readonly number[], longest: number): number {
  for (let period = 2; period <= LONGEST_PERIOD; period++) {
    const nRepeated = Math.max(period * REPEATS, longest)
    if (nRepeated > tokens.length) continue
    const start = tokens.length - nRepeated
    let repeats = true
    for (let i = tokens.length - 1; repeats && i >= start + period; i--) repeats = tokens[i] === tokens[i - period]
    if (repeats) return period
  }
  return 0
}

/**
 * Text bytes by zlib bytes: above 2.4 the text repeats itself. 0 for an empty text.
 *
 * @see openai/whisper:whisper/utils.py `compression_ratio`
 */
export function compressionRatio(text: string): number {
  const bytes = Buffer.from(text)
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length
}
