/** A window's text, how it is asked for and what is known of it. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import type { FilterOptions } from './logit-filters.ts'
import type { RandomStream } from './random.ts'
import { compressionRatio, withoutLoop } from './repetition.ts'
import { avgLogprob, type Hypothesis } from './search.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

/** Facts of a model that decoding needs besides its logits. */
export interface TextModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  /** Decoder positions: prompt and text of a window, 448. */
  readonly maxTextContext: number
  readonly vocabSize: number
}

export interface DecodeOptions extends Omit<FilterOptions, 'withTimestamps'> {
  /** 0 takes the likeliest token, or beams; above it `bestOf` texts are drawn and the best is taken. */
  readonly temperature: number
  readonly beamSize: number
  readonly bestOf: number
  readonly patience: number
  readonly lengthPenalty: number | undefined
  /** undefined: as many as there are positions for. */
  readonly maxNewTokens: number | undefined
  /** Ends a text that repeats itself, instead of filling all positions with the loop. */
  readonly stopLoops: boolean
  /** The words will be aligned, so a backend that can do it in the same run had better do so. */
  readonly alignsWords?: boolean
  /** Draws the text of a row, where the temperature is above 0: of each row from a stream of its own. */
  readonly randomOf: (row: number) => RandomStream
  readonly signal: AbortSignal
}

/** Probability of each language that was to be chosen among, by its code. */
export type LanguageProbabilities = ReadonlyMap<string, number>

/** One window's text. */
export interface DecodedWindow {
  /** Without prompt and eot; timestamp tokens included where they were asked for. */
  readonly tokens: readonly number[]
  /** Natural log-probability of each of `tokens`. */
  readonly logprobs: readonly number[]
  readonly text: string
  readonly language: string
  readonly temperature: number
  /** Over all tokens, eot included. */
  readonly avgLogprob: number
  /** Ratio of the decoded text, a loop with all its rounds included. */
  readonly compressionRatio: number
  /** Probability at sot that the window holds no speech. */
  readonly noSpeechProb: number
  readonly ended: 'eot' | 'length' | 'loop'
}

/** The text that was found, and the figures by which it is judged. */
export function decodedWindow(
  { tokenizer }: TextModel,
  hypothesis: Hypothesis,
  facts: Pick<DecodedWindow, 'language' | 'temperature' | 'noSpeechProb'>,
): DecodedWindow {
  const kept = hypothesis.ended === 'loop' ? withoutLoop(hypothesis.tokens) : hypothesis.tokens
  return {
    ...facts,
    tokens: kept,
    logprobs: hypothesis.logprobs.slice(0, kept.length),
    text: tokenizer.decode(kept),
    avgLogprob: avgLogprob(hypothesis),
    compressionRatio: compressionRatio(tokenizer.decode(hypothesis.tokens)),
    ended: hypothesis.ended,
  }
}
