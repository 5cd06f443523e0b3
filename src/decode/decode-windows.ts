/** From encoded windows to text: language, prompt, search, and the figures by which a caller judges the result. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { type DecodedRow, decodeGreedy, type GreedyOptions, type TextDecoder } from './greedy.ts'
import { logprobOf, softmaxOver } from './logits.ts'
import { compressionRatio, withoutLoop } from './repetition.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

export interface DecodeOptions extends GreedyOptions {
  /** Code of a language token; undefined: detected on the batch's first row. English-only models ignore it. */
  readonly language: string | undefined
}

/** One window's text. */
export interface DecodedWindow extends DecodedRow {
  readonly text: string
  readonly language: string
  readonly compressionRatio: number
  /** Probability at sot that the window holds no speech. */
  readonly noSpeechProb: number
}

/** What every language-independent part of a model's decoding needs. */
export interface TextModel {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
}

/**
 * Decodes each row of a decoder that holds no text yet.
 *
 * @see openai/whisper:whisper/decoding.py `DecodingTask.run`
 */
export async function decodeWindows(
  decoder: TextDecoder,
  model: TextModel,
  options: DecodeOptions,
): Promise<DecodedWindow[]> {
  const { generation, tokenizer } = model
  const everyRow = (tokens: readonly number[]) => Array.from({ length: decoder.nRows }, () => tokens)

  // sot goes alone: its logits tell silence and language, before the prompt commits to one.
  const atSot = await decoder.step(everyRow([generation.sot]), [0])
  const vocabSize = atSot.length / decoder.nRows
  const noSpeechProbs = Array.from({ length: decoder.nRows }, (_, row) =>
    Math.exp(logprobOf(atSot.subarray(row * vocabSize, (row + 1) * vocabSize), generation.noSpeech)),
  )
  const language = generation.isMultilingual
    ? (options.language ?? likeliestLanguage(atSot.subarray(0, vocabSize), generation).code)
    : 'en'

  const prompt = promptAfterSot(generation, language)
  const first = await decoder.step(everyRow(prompt), [prompt.length - 1])
  const rows = await decodeGreedy(decoder, first, generation, options)

  return rows.map((row, i) => {
    const tokens = row.ended === 'loop' ? withoutLoop(row.tokens) : row.tokens
    return {
      ...row,
      tokens,
      text: tokenizer.decode(tokens),
      language,
      // Of what was decoded, loop and all: the figure is there to tell loops.
      compressionRatio: compressionRatio(tokenizer.decode(row.tokens)),
      noSpeechProb: noSpeechProbs[i]!,
    }
  })
}

/**
 * The prompt that follows sot. `<|transcribe|>` is always sent: without it small models fall into loops.
 *
 * @see openai/whisper:whisper/tokenizer.py `sot_sequence_including_notimestamps`
 */
export function promptAfterSot(generation: GenerationConfig, language: string): number[] {
  const languageId = generation.languageIds.get(language)
  const task = languageId === undefined ? [] : [languageId, generation.transcribe]
  return [...task, generation.noTimestamps]
}

/** The language token with the highest probability among the languages, from the logits at sot, [V]. */
export function likeliestLanguage(
  atSot: Float32Array,
  generation: GenerationConfig,
): { readonly code: string; readonly probability: number } {
  const codes = [...generation.languageIds.keys()]
  const probabilities = softmaxOver(atSot, [...generation.languageIds.values()])
  const best = probabilities.indexOf(Math.max(...probabilities))
  return { code: codes[best]!, probability: probabilities[best]! }
}
