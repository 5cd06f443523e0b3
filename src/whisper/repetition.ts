/** Signs that a decoder has fallen into a loop. */

import { deflateSync } from 'node:zlib'

const LONGEST_PERIOD = 12
const REPEATS = 4

/**
 * Length of the phrase (2 to 12 tokens) that ends `tokens` four times in succession, or 0. A single token that
 * repeats counts as a phrase of two.
 */
export function loopPeriod(tokens: readonly number[]): number {
  for (let period = 2; period <= LONGEST_PERIOD && period * REPEATS <= tokens.length; period++) {
    const start = tokens.length - period * REPEATS
    let repeats = true
    for (let i = tokens.length - 1; repeats && i >= start + period; i--) repeats = tokens[i] === tokens[i - period]
    if (repeats) return period
  }
  return 0
}

/** `tokens` with the loop at their end reduced to one round. */
export function withoutLoop(tokens: readonly number[]): readonly number[] {
  const period = loopPeriod(tokens)
  if (period === 0) return tokens
  let end = tokens.length
  while (end > period && tokens[end - 1] === tokens[end - 1 - period]) end--
  return tokens.slice(0, end)
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
