/** From an encoded window to text: prompt, search, and the figures by which a caller judges the result. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import {
  type DecodedWindow,
  type DecodeOptions,
  decodedWindow,
  type LanguageProbabilities,
  type TextModel,
} from './decoded-window.ts'
import type { LogitBiases } from './logit-bias.ts'
import { logitFilters, suppressedTokens } from './logit-filters.ts'
import { logprobOf, softmaxOver } from './logits.ts'
import { type Prompt, promptTokens } from './prompt.ts'
import { beamSearch, type Hypothesis, rank, sampleRows } from './search.ts'
import type { LogitRules, StepDecoder } from './step-decoder.ts'

/** Hypotheses that a window's decoder carries on together. */
export function hypothesesOf({
  temperature,
  beamSize,
  bestOf,
}: Pick<DecodeOptions, 'temperature' | 'beamSize' | 'bestOf'>): number {
  return temperature === 0 ? beamSize : bestOf
}

/** Rules that a decoder must be started with for these options. */
export function logitRules(
  { generation }: Pick<TextModel, 'generation'>,
  biases: LogitBiases,
  options: DecodeOptions,
  withTimestamps: boolean,
): LogitRules {
  const { temperature, repetitionPenalty, noRepeatNgramSize } = options
  const needsLogits = temperature > 0 || withTimestamps || repetitionPenalty !== 1 || noRepeatNgramSize > 0
  return { logitBias: biases.against(suppressedTokens(generation, { ...options, withTimestamps })), needsLogits }
}

/**
 * Decodes one window step by step.
 *
 * @param decoder  holds no text yet, and has `hypothesesOf(options)` rows.
 * @see openai/whisper:whisper/decoding.py `DecodingTask.run`
 */
export async function decodeBySteps(
  decoder: StepDecoder,
  model: TextModel,
  prompt: Prompt,
  options: DecodeOptions,
): Promise<DecodedWindow> {
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
  decoder: StepDecoder,
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
  const rows = await sampleRows(decoder, first, temperature, options.randomOf, searchOptions)
  return rows.reduce((best, other) => (rank(other, lengthPenalty) > rank(best, lengthPenalty) ? other : best))
}

/**
 * Probability of each language, by a softmax over their tokens at sot.
 *
 * @param decoder  holds no text yet; it is of no use afterwards.
 * @param among    codes to choose among, at least one that the model knows; undefined: all that it knows.
 * @see openai/whisper:whisper/decoding.py `detect_language`
 */
export async function detectLanguage(
  decoder: StepDecoder,
  generation: GenerationConfig,
  among: readonly string[] | undefined,
): Promise<LanguageProbabilities> {
  const logits = await decoder.prompt([generation.sot], [0])
  const codes = possibleLanguages(generation, among)
  const probabilities = softmaxOver(
    logits,
    codes.map((code) => generation.languageIds.get(code)!), // they come from there
  )
  return new Map(codes.map((code, i) => [code, probabilities[i]!]))
}

/** Those of `among`, or of all, that the model has a token for. */
export function possibleLanguages(generation: GenerationConfig, among: readonly string[] | undefined): string[] {
  const known = [...generation.languageIds.keys()]
  return among ? known.filter((language) => among.includes(language)) : known
}
