/** A window's text, how it is asked for and what is known of it. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import type { FilterOptions } from './logit-filters.ts'
import type { RandomStream } from './random.ts'
import { compressionRatio } from './repetition.ts'
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
  /** A text ends that repeats a phrase over so many tokens, more than can be said; Infinity: none does. */
  readonly longestRepeat: number
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
  /** Ratio of the decoded text, all that it repeats included. */
  readonly compressionRatio: number
  /** What the text repeats has been heard as often: each round has a stretch of sound of its own. */
  readonly isHeardRepeatedly?: boolean
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
  const { tokens, logprobs } = hypothesis
  const text = tokenizer.decode(tokens)
  return {
    ...facts,
    tokens,
    logprobs: logprobs.slice(0, tokens.length),
    text,
    avgLogprob: avgLogprob(hypothesis),
    compressionRatio: compressionRatio(text),
    ended: hypothesis.ended,
  }
}
