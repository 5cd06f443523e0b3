/** A window's text by a decoder that finds it by itself: what it is asked, and what its answer means. */

import { SECONDS_PER_POSITION } from '../whisper-constants.ts'
import { type DecodedWindow, type DecodeOptions, decodedWindow, type TextModel } from './decoded-window.ts'
import { type Prompt, promptTokens, sotSequence } from './prompt.ts'
import type { TextDecoder, TextRequest, WholeTextDecoder } from './text-decoder.ts'

/** In the language's place of a prompt: it is to be detected. */
const DETECT = -1

/** One and the same, so that windows can be seen to agree. */
const NONE: readonly number[] = []

/** Whether the text that these options ask for is one that `decoder` finds by itself. */
export function findsText(decoder: TextDecoder, options: DecodeOptions): decoder is TextDecoder & WholeTextDecoder {
  const { temperature, repetitionPenalty, noRepeatNgramSize } = options
  return decoder.findText !== undefined && temperature === 0 && repetitionPenalty === 1 && noRepeatNgramSize === 0
}

export async function decodeAtOnce(
  decoder: WholeTextDecoder,
  model: TextModel,
  prompt: Prompt,
  options: DecodeOptions,
): Promise<DecodedWindow> {
  return (await ask(decoder, model, prompt, options, [])).decoded
}

/**
 * The text in the language that is likeliest among `languages`, all where undefined, with the probability of each of them.
 *
 * @see openai/whisper:whisper/decoding.py `detect_language`
 */
export async function decodeDetecting(
  decoder: WholeTextDecoder,
  model: TextModel,
  prompt: Omit<Prompt, 'language'>,
  languages: readonly string[] | undefined,
  options: DecodeOptions,
): Promise<{ readonly decoded: DecodedWindow; readonly probabilities: ReadonlyMap<string, number> }> {
  const known = [...model.generation.languageIds.keys()]
  const possible = languages ? known.filter((language) => languages.includes(language)) : known
  // Any language makes room for the one that will be found.
  return await ask(decoder, model, { ...prompt, language: known[0]! }, options, possible)
}

async function ask(
  decoder: WholeTextDecoder,
  model: TextModel,
  prompt: Prompt,
  options: DecodeOptions,
  languages: readonly string[],
): Promise<{ decoded: DecodedWindow; probabilities: ReadonlyMap<string, number> }> {
  const request = textRequest(model, prompt, options, languages)
  const { tokens, logprobs, ended, noSpeechProb, languageProbs } = await decoder.findText(request)
  const sumLogprob = logprobs.reduce((sum, logprob) => sum + logprob, 0)
  const hypothesis = { tokens, logprobs, sumLogprob, ended }
  const probabilities = new Map(languages.map((language, i) => [language, languageProbs?.[i] ?? 0]))
  const [likeliest] = [...probabilities].sort((a, b) => b[1] - a[1])
  const language = likeliest?.[0] ?? prompt.language
  return { decoded: decodedWindow(model, hypothesis, { language, temperature: 0, noSpeechProb }), probabilities }
}

function textRequest(
  { generation, maxTextContext }: TextModel,
  prompt: Prompt,
  options: DecodeOptions,
  languages: readonly string[],
): TextRequest {
  const { eot, sot, noSpeech, timestampBegin } = generation
  const detecting = (tokens: number[]) => {
    if (languages.length > 0) tokens[tokens.indexOf(sot) + 1] = DETECT
    return tokens
  }
  const tokens = detecting(promptTokens(generation, prompt, maxTextContext))
  const room = maxTextContext - tokens.length
  // Words are aligned behind a prompt without timestamps; among the text's tokens there must be none either.
  const isAligned = options.alignsWords === true && !prompt.withTimestamps
  return {
    prompt: tokens,
    alignmentPrompt: isAligned ? detecting(sotSequence(generation, prompt)) : undefined,
    suppressAtBegin: options.suppressBlank ? generation.beginSuppressTokens : NONE,
    rules: {
      maxTokens: Math.min(options.maxNewTokens ?? room, room),
      eot,
      sot,
      noSpeech,
      withTimestamps: prompt.withTimestamps,
      timestampBegin,
      latestFirst: timestampBegin + Math.round(options.maxInitialTimestamp / SECONDS_PER_POSITION),
      stopLoops: options.stopLoops,
      beamSize: options.beamSize,
      enough: Math.max(1, Math.round(options.beamSize * options.patience)),
      lengthPenalty: options.lengthPenalty,
      languageIds: languages.map((language) => generation.languageIds.get(language)!), // they come from there
    },
  }
}
