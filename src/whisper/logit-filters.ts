/**
 * Rules for the next token: each filter changes one row of logits, [V], knowing the row's tokens so far (without prompt).
 *
 * @see openai/whisper:whisper/decoding.py `SuppressBlank`, `SuppressTokens`, `ApplyTimestampRules`
 */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { SECONDS_PER_POSITION } from '../whisper-constants.ts'
import { logSumExp, suppress } from './logits.ts'
import { isTimestampToken, timestampEnd } from './token-kinds.ts'

export type LogitFilter = (logits: Float32Array, tokens: readonly number[]) => void

export interface FilterOptions {
  /** -1 stands for the model's own list. */
  readonly suppressTokens: readonly number[]
  readonly suppressBlank: boolean
  readonly repetitionPenalty: number
  readonly noRepeatNgramSize: number
  /** Timestamp tokens by Whisper's rules; false keeps them from being said at all. */
  readonly withTimestamps: boolean
  /** Seconds. */
  readonly maxInitialTimestamp: number
}

/** The filters that the options ask for, in the order in which they must be applied. */
export function logitFilters(generation: GenerationConfig, options: FilterOptions): readonly LogitFilter[] {
  const filters: LogitFilter[] = []
  if (options.repetitionPenalty !== 1) filters.push(repetitionPenalty(options.repetitionPenalty))
  if (options.noRepeatNgramSize > 0) filters.push(noRepeatNgram(options.noRepeatNgramSize))
  filters.push(suppressAlways(suppressedTokens(generation, options)))
  if (options.suppressBlank) filters.push(suppressAtBegin(generation.beginSuppressTokens))
  if (options.withTimestamps) filters.push(timestampRules(generation, options.maxInitialTimestamp))
  return filters
}

/**
 * Tokens that are never said.
 *
 * @see openai/whisper:whisper/decoding.py `_get_suppress_tokens` — the same special tokens, whatever the list says.
 */
export function suppressedTokens(
  generation: GenerationConfig,
  { suppressTokens, withTimestamps }: Pick<FilterOptions, 'suppressTokens' | 'withTimestamps'>,
): readonly number[] {
  const { sot, translate, transcribe, sotLm, sotPrev, noSpeech, noTimestamps } = generation
  const special = [sot, translate, transcribe, sotLm, sotPrev, noSpeech, ...(withTimestamps ? [noTimestamps] : [])]
  const listed = suppressTokens.flatMap((token) => (token === -1 ? generation.suppressTokens : [token]))
  return [...new Set([...special, ...generation.unsaid, ...listed])]
}

function suppressAlways(tokens: readonly number[]): LogitFilter {
  return (logits) => suppress(logits, tokens)
}

function suppressAtBegin(tokens: readonly number[]): LogitFilter {
  return (logits, said) => {
    if (said.length === 0) suppress(logits, tokens)
  }
}

/** @see huggingface/transformers:src/transformers/generation/logits_process.py `RepetitionPenaltyLogitsProcessor` */
function repetitionPenalty(penalty: number): LogitFilter {
  return (logits, said) => {
    for (const token of new Set(said)) {
      const logit = logits[token]!
      logits[token] = logit < 0 ? logit * penalty : logit / penalty
    }
  }
}

/** Forbids the token that would complete an n-gram which was said before. */
function noRepeatNgram(size: number): LogitFilter {
  return (logits, said) => {
    const start = said.length - size + 1
    if (start < 0) return
    for (let i = 0; i < start; i++) {
      let isSame = true
      for (let j = 0; isSame && j < size - 1; j++) isSame = said[i + j] === said[start + j]
      if (isSame) logits[said[i + size - 1]!] = Number.NEGATIVE_INFINITY
    }
  }
}

/**
 * Timestamps come in pairs, never go back, begin within `maxInitialTimestamp`, and are said where they are together
 * likelier than any single word.
 */
function timestampRules(generation: GenerationConfig, maxInitialTimestamp: number): LogitFilter {
  const { timestampBegin, eot } = generation
  const end = timestampEnd(generation)
  const latestFirst = timestampBegin + Math.round(maxInitialTimestamp / SECONDS_PER_POSITION)
  const forbid = (logits: Float32Array, from: number, to: number) => {
    logits.fill(Number.NEGATIVE_INFINITY, from, to)
  }
  /** Added text, which lies behind the timestamps, with it. */
  const forbidText = (logits: Float32Array, to: number) => {
    forbid(logits, 0, to)
    forbid(logits, end, logits.length)
  }
  return (logits, said) => {
    const isTimestamp = (token: number | undefined) => isTimestampToken(generation, token)
    const last = isTimestamp(said.at(-1))
    const beforeLast = said.length < 2 || isTimestamp(said.at(-2))
    if (last && beforeLast) forbid(logits, timestampBegin, end)
    else if (last) forbidText(logits, eot) // the pair must be completed, or the text ends

    const latest = said.findLast(isTimestamp)
    // A pair's second may equal its first; a new segment may not begin before the last one has ended.
    if (latest !== undefined) forbid(logits, timestampBegin, last && !beforeLast ? latest : latest + 1)
    if (said.length === 0) {
      forbidText(logits, timestampBegin)
      forbid(logits, latestFirst + 1, end)
    }

    const timestamps = logSumExp(logits.subarray(timestampBegin, end))
    const likeliestText = Math.max(largest(logits.subarray(0, timestampBegin)), largest(logits.subarray(end)))
    if (timestamps > likeliestText) forbidText(logits, timestampBegin)
  }
}

function largest(logits: Float32Array): number {
  return logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
}
