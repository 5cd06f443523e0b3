/** From an encoded window to text: prompt, search, and the figures by which a caller judges the result. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { type DecodedWindow, type DecodeOptions, decodedWindow, type TextModel } from './decoded-window.ts'
import { logitFilters, suppressedTokens } from './logit-filters.ts'
import { logprobOf, softmaxOver, suppress } from './logits.ts'
import { type Prompt, promptTokens } from './prompt.ts'
import { beamSearch, type Hypothesis, rank, sampleRows } from './search.ts'
import type { TextDecoder, TokenChoice } from './text-decoder.ts'
import { decodeAtOnce, findsText } from './whole-text.ts'

export type { DecodedWindow, DecodeOptions, TextModel } from './decoded-window.ts'

/** Rows that the decoder must have. */
export function rowsFor({ temperature, beamSize, bestOf }: DecodeOptions): number {
  return temperature === 0 ? beamSize : bestOf
}

/** How the decoder must be started for these options. */
export function tokenChoice(
  { generation, vocabSize }: Pick<TextModel, 'generation' | 'vocabSize'>,
  options: DecodeOptions,
  withTimestamps: boolean,
): TokenChoice {
  const { temperature, repetitionPenalty, noRepeatNgramSize } = options
  const tokenBias = new Float32Array(vocabSize)
  suppress(tokenBias, suppressedTokens(generation, { ...options, withTimestamps }))
  const needsLogits = temperature > 0 || withTimestamps || repetitionPenalty !== 1 || noRepeatNgramSize > 0
  return { tokenBias, needsLogits }
}

/**
 * Decodes one window.
 *
 * @param decoder  holds no text yet, and has `rowsFor(options)` rows.
 * @see openai/whisper:whisper/decoding.py `DecodingTask.run`
 */
export async function decodeWindow(
  decoder: TextDecoder,
  model: TextModel,
  prompt: Prompt,
  options: DecodeOptions,
): Promise<DecodedWindow> {
  if (findsText(decoder, options)) return await decodeAtOnce(decoder, model, prompt, options)
  const { generation, maxTextContext } = model
  const tokens = promptTokens(generation, prompt, maxTextContext)
  const logits = await decoder.prompt(tokens, [tokens.indexOf(generation.sot), tokens.length - 1]) // [2 × V]
  const vocabSize = logits.length / 2
  const noSpeechProb = Math.exp(logprobOf(logits.subarray(0, vocabSize), generation.noSpeech))

  const hypothesis = await search(decoder, model, logits.subarray(vocabSize), tokens.length, prompt, options)
  return decodedWindow(model, hypothesis, {
    language: prompt.language,
    temperature: options.temperature,
    noSpeechProb,
  })
}

async function search(
  decoder: TextDecoder,
  { generation, maxTextContext }: TextModel,
  first: Float32Array,
  promptLength: number,
  prompt: Prompt,
  options: DecodeOptions,
): Promise<Hypothesis> {
  const { temperature, lengthPenalty } = options
  const room = maxTextContext - promptLength
  const searchOptions = {
    ...options,
    maxTokens: Math.min(options.maxNewTokens ?? room, room),
    filters: logitFilters(generation, { ...options, withTimestamps: prompt.withTimestamps }),
    eot: generation.eot,
  }
  if (temperature === 0 && options.beamSize > 1) return await beamSearch(decoder, first, searchOptions)
  const rows = await sampleRows(decoder, first, temperature, options.random, searchOptions)
  return rows.reduce((best, other) => (rank(other, lengthPenalty) > rank(best, lengthPenalty) ? other : best))
}

/**
 * Probability of each language, by a softmax over the language tokens at sot.
 *
 * @param decoder  holds no text yet; it is of no use afterwards.
 * @see openai/whisper:whisper/decoding.py `detect_language`
 */
export async function detectLanguage(
  decoder: TextDecoder,
  generation: GenerationConfig,
): Promise<ReadonlyMap<string, number>> {
  const logits = await decoder.prompt([generation.sot], [0])
  const codes = [...generation.languageIds.keys()]
  const probabilities = softmaxOver(logits, [...generation.languageIds.values()])
  return new Map(codes.map((code, i) => [code, probabilities[i]!]))
}
