/** From encoded windows to text: prompt, search, and the figures by which a caller judges the result. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { type FilterOptions, logitFilters } from './logit-filters.ts'
import { logprobOf, softmaxOver } from './logits.ts'
import { type Prompt, promptTokens } from './prompt.ts'
import { compressionRatio, withoutLoop } from './repetition.ts'
import { avgLogprob, beamSearch, type Hypothesis, rank, sampleRows } from './search.ts'
import type { TextDecoder } from './text-decoder.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

/** What every part of a model's decoding needs besides its logits. */
export interface TextModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  /** Decoder positions: prompt and text of a window, 448. */
  readonly maxTextContext: number
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
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly signal: AbortSignal
}

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
  /** Of what was decoded, a loop with all its rounds included. */
  readonly compressionRatio: number
  /** Probability at sot that the window holds no speech. */
  readonly noSpeechProb: number
  readonly ended: 'eot' | 'length' | 'loop'
}

/** Rows that the decoder must have for each window. */
export function rowsPerWindow({ temperature, beamSize, bestOf }: DecodeOptions): number {
  return temperature === 0 ? beamSize : bestOf
}

/**
 * Decodes windows together.
 *
 * @param decoder  holds no text yet, and `rowsPerWindow` rows for each window.
 * @param prompts  one for each window; all come to the same number of tokens.
 * @see openai/whisper:whisper/decoding.py `DecodingTask.run`
 */
export async function decodeWindows(
  decoder: TextDecoder,
  model: TextModel,
  prompts: readonly Prompt[],
  options: DecodeOptions,
): Promise<DecodedWindow[]> {
  const { generation, tokenizer } = model
  const perWindow = rowsPerWindow(options)
  const tokens = prompts.map((prompt) => promptTokens(generation, prompt, model.maxTextContext))
  const rows = tokens.flatMap((windowTokens) => Array.from({ length: perWindow }, () => windowTokens))
  const promptLength = tokens[0]!.length
  const atSot = tokens[0]!.indexOf(generation.sot)

  const logits = await decoder.step(rows, [atSot, promptLength - 1]) // [B × 2 × V]
  const vocabSize = logits.length / rows.length / 2
  const rowOf = (row: number, position: number) =>
    logits.subarray((2 * row + position) * vocabSize, (2 * row + position + 1) * vocabSize)
  const noSpeechProbs = prompts.map((_, w) => Math.exp(logprobOf(rowOf(w * perWindow, 0), generation.noSpeech)))
  const first = new Float32Array(rows.length * vocabSize)
  for (let row = 0; row < rows.length; row++) first.set(rowOf(row, 1), row * vocabSize)

  const texts = await search(decoder, model, first, promptLength, prompts, options)
  return texts.map((hypothesis, w) => {
    const kept = hypothesis.ended === 'loop' ? withoutLoop(hypothesis.tokens) : hypothesis.tokens
    return {
      tokens: kept,
      logprobs: hypothesis.logprobs.slice(0, kept.length),
      text: tokenizer.decode(kept),
      language: prompts[w]!.language,
      temperature: options.temperature,
      avgLogprob: avgLogprob(hypothesis),
      compressionRatio: compressionRatio(tokenizer.decode(hypothesis.tokens)),
      noSpeechProb: noSpeechProbs[w]!,
      ended: hypothesis.ended,
    }
  })
}

async function search(
  decoder: TextDecoder,
  { generation, maxTextContext }: TextModel,
  first: Float32Array,
  promptLength: number,
  prompts: readonly Prompt[],
  options: DecodeOptions,
): Promise<Hypothesis[]> {
  const { temperature, lengthPenalty, bestOf } = options
  const room = maxTextContext - promptLength
  const searchOptions = {
    ...options,
    maxTokens: Math.min(options.maxNewTokens ?? room, room),
    filters: logitFilters(generation, { ...options, withTimestamps: prompts[0]!.withTimestamps }),
    eot: generation.eot,
  }
  if (temperature === 0 && options.beamSize > 1) return await beamSearch(decoder, first, searchOptions)
  const rows = await sampleRows(decoder, first, temperature, options.random, searchOptions)
  if (temperature === 0) return rows
  return prompts.map((_, w) =>
    rows
      .slice(w * bestOf, (w + 1) * bestOf)
      .reduce((best, other) => (rank(other, lengthPenalty) > rank(best, lengthPenalty) ? other : best)),
  )
}

/**
 * Probability of each language for each row, by a softmax over the language tokens at sot.
 *
 * @param decoder  holds no text yet.
 * @see openai/whisper:whisper/decoding.py `detect_language`
 */
export async function detectLanguages(
  decoder: TextDecoder,
  generation: GenerationConfig,
): Promise<ReadonlyMap<string, number>[]> {
  const logits = await decoder.step(
    Array.from({ length: decoder.nRows }, () => [generation.sot]),
    [0],
  )
  const vocabSize = logits.length / decoder.nRows
  const codes = [...generation.languageIds.keys()]
  return Array.from({ length: decoder.nRows }, (_, row) => {
    const rowLogits = logits.subarray(row * vocabSize, (row + 1) * vocabSize)
    const probabilities = softmaxOver(rowLogits, [...generation.languageIds.values()])
    return new Map(codes.map((code, i) => [code, probabilities[i]!]))
  })
}
