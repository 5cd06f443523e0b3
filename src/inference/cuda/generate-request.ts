/** A window's text by the generate graph: what the graph is asked, and what its answer means. */

import {
  type DecodedWindow,
  type DecodeOptions,
  decodedWindow,
  type LanguageProbabilities,
  type LogitBiases,
  type Prompt,
  promptTokens,
  sotSequence,
  suppressedTokens,
  type TextModel,
} from '../../whisper/index.ts'
import { SECONDS_PER_POSITION } from '../../whisper-constants.ts'
import { DETECT, type GeneratedText, type GenerateRequest } from './generate-session.ts'

/** One and the same, so that windows can be seen to agree. */
const NONE: readonly never[] = []

/** Whether the graph can do what these options ask for; sampling and penalties take steps. */
export function canGenerate({ temperature, repetitionPenalty, noRepeatNgramSize }: DecodeOptions): boolean {
  return temperature === 0 && repetitionPenalty === 1 && noRepeatNgramSize === 0
}

/** @param languages  codes to detect the language among, in place of the prompt's; none: it is the prompt's. */
export function generateRequest(
  { generation, maxTextContext }: TextModel,
  biases: LogitBiases,
  prompt: Prompt,
  options: DecodeOptions,
  languages: readonly string[] = NONE,
): GenerateRequest {
  const { eot, sot, noSpeech, timestampBegin } = generation
  const { withTimestamps } = prompt
  const detecting = (tokens: number[]) => {
    if (languages.length > 0) tokens[tokens.indexOf(sot) + 1] = DETECT
    return tokens
  }
  const tokens = detecting(promptTokens(generation, prompt, maxTextContext))
  const room = maxTextContext - tokens.length
  // Words are aligned behind a prompt without timestamps; among the text's tokens there must be none either.
  const isAligned = options.alignsWords === true && !withTimestamps
  return {
    prompt: tokens,
    alignmentPrompt: isAligned ? detecting(sotSequence(generation, prompt)) : undefined,
    logitBias: biases.against(suppressedTokens(generation, { ...options, withTimestamps })),
    suppressAtBegin: options.suppressBlank ? generation.beginSuppressTokens : NONE,
    // A text has no more tokens than there are positions.
    longestRepeat: Math.min(options.longestRepeat, maxTextContext + 1),
    rules: {
      maxTokens: Math.min(options.maxNewTokens ?? room, room),
      eot,
      sot,
      noSpeech,
      withTimestamps,
      timestampBegin,
      latestFirst: timestampBegin + Math.round(options.maxInitialTimestamp / SECONDS_PER_POSITION),
      beamSize: options.beamSize,
      enough: Math.max(1, Math.round(options.beamSize * options.patience)),
      lengthPenalty: options.lengthPenalty,
      languageIds: languages.map((language) => generation.languageIds.get(language)!), // they come from there
    },
  }
}

export function generatedWindow(model: TextModel, language: string, text: GeneratedText): DecodedWindow {
  const { tokens, logprobs, ended, noSpeechProb } = text
  const sumLogprob = logprobs.reduce((sum, logprob) => sum + logprob, 0)
  return decodedWindow(model, { tokens, logprobs, sumLogprob, ended }, { language, temperature: 0, noSpeechProb })
}

/** @param languages  those that the request was made with. */
export function languageProbabilities(languages: readonly string[], text: GeneratedText): LanguageProbabilities {
  return new Map(languages.map((language, i) => [language, text.languageProbs?.[i] ?? 0]))
}

/** The tokens that were aligned with a text, which begin with the alignment prompt and end with eot. */
export function alignedTokens(
  { alignmentPrompt, rules }: GenerateRequest,
  { tokens, languageProbs }: GeneratedText,
): readonly number[] {
  const likeliest = languageProbs && rules.languageIds[languageProbs.indexOf(Math.max(...languageProbs))]
  const prompt = (alignmentPrompt ?? NONE).map((token) => (token === DETECT ? (likeliest ?? token) : token))
  return [...prompt, ...tokens, rules.eot]
}
