/** Tokens that a decoder is given before its first word. */

import type { GenerationConfig } from '../checkpoint/index.ts'

export interface Prompt {
  /** Code of a language; ignored by English-only models. */
  readonly language: string
  readonly task: 'transcribe' | 'translate'
  readonly withTimestamps: boolean
  /** Tokens of what was said before, or might have been; the last ones count where there are too many. */
  readonly previous: readonly number[]
  /** Tokens with which the text begins. */
  readonly prefix: readonly number[]
}

/**
 * sot, language, task, timestamps or not, with the previous text before it. The task is always named: without
 * `<|transcribe|>` small models fall into loops.
 *
 * @see openai/whisper:whisper/decoding.py `DecodingTask._get_initial_tokens` — half of the context for each side.
 */
export function promptTokens(generation: GenerationConfig, prompt: Prompt, maxTextContext: number): number[] {
  const room = promptRoom(maxTextContext)
  const previous = prompt.previous.length > 0 ? [generation.sotPrev, ...prompt.previous.slice(-room)] : []
  return [...previous, ...sotSequence(generation, prompt), ...prompt.prefix.slice(-room)]
}

/** Tokens of the text before that fit, and as many of the prefix: 223 of 448. */
export function promptRoom(maxTextContext: number): number {
  return (maxTextContext >> 1) - 1
}

/** @see openai/whisper:whisper/tokenizer.py `sot_sequence_including_notimestamps` */
export function sotSequence(
  generation: GenerationConfig,
  { language, task, withTimestamps }: Pick<Prompt, 'language' | 'task' | 'withTimestamps'>,
): number[] {
  const languageId = generation.languageIds.get(language)
  const isMultilingual = generation.isMultilingual && languageId !== undefined
  return [
    generation.sot,
    ...(isMultilingual ? [languageId, generation[task]] : []),
    ...(withTimestamps ? [] : [generation.noTimestamps]),
  ]
}
