/** Whisper's special tokens and where they stand in a vocabulary. */

import { LANGUAGE_CODES } from '../language-table.ts'
import { FULL_CONTEXT, SECONDS_PER_POSITION } from '../whisper-constants.ts'

/** 1501: 0.00 to 30.00 s in steps of 0.02 s. */
export const TIMESTAMP_TOKENS = FULL_CONTEXT + 1

/** `<|0.00|>`, `<|0.02|>`, … `<|30.00|>`. */
export function timestampToken(index: number): string {
  return `<|${(index * SECONDS_PER_POSITION).toFixed(2)}|>`
}

/** The three vocabularies that OpenAI published, by their size. */
const LAYOUTS: Readonly<Record<number, { firstSpecial: number; languages: number }>> = {
  51864: { firstSpecial: 50256, languages: 99 }, // English-only: GPT-2's vocabulary; language tokens exist, unused
  51865: { firstSpecial: 50257, languages: 99 },
  51866: { firstSpecial: 50257, languages: 100 }, // large-v3 and its descendants
}

/**
 * Special tokens and timestamps with their ids, ascending, for a vocabulary of a published size; undefined for
 * another size, as fine-tunes with added tokens have it.
 *
 * @see openai/whisper:whisper/tokenizer.py `get_encoding` — the same order.
 */
export function standardLayout(vocabSize: number): ReadonlyMap<string, number> | undefined {
  const layout = LAYOUTS[vocabSize]
  if (!layout) return undefined
  const names = [
    '<|endoftext|>',
    '<|startoftranscript|>',
    ...LANGUAGE_CODES.slice(0, layout.languages).map((code) => `<|${code}|>`),
    '<|translate|>',
    '<|transcribe|>',
    '<|startoflm|>',
    '<|startofprev|>',
    '<|nospeech|>',
    '<|notimestamps|>',
    ...Array.from({ length: TIMESTAMP_TOKENS }, (_, i) => timestampToken(i)),
  ]
  return new Map(names.map((name, i) => [name, layout.firstSpecial + i]))
}
