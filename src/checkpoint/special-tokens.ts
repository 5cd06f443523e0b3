/** Whisper's special tokens and where they stand in a vocabulary. */

import { LANGUAGE_CODES } from '../language-table.ts'
import { SECONDS_PER_POSITION, TIMESTAMP_TOKENS } from '../whisper-constants.ts'

/** `<|0.00|>`, `<|0.02|>`, … `<|30.00|>`. */
export function timestampToken(index: number): string {
  return `<|${(index * SECONDS_PER_POSITION).toFixed(2)}|>`
}

/** The three vocabularies that OpenAI published, by their size. */
const LAYOUTS = {
  51864: { firstSpecial: 50256, languages: 99 }, // English-only: GPT-2's vocabulary; language tokens exist, unused
  51865: { firstSpecial: 50257, languages: 99 },
  51866: { firstSpecial: 50257, languages: 100 }, // large-v3 and its descendants
} as const
/** A published vocabulary, named by its size. */
export type PublishedSize = keyof typeof LAYOUTS
export const PUBLISHED_SIZES = [51864, 51865, 51866] as const satisfies readonly PublishedSize[]

export function isPublishedSize(vocabSize: number): vocabSize is PublishedSize {
  return vocabSize in LAYOUTS
}

/**
 * Special tokens and timestamps with their ids, ascending, for a vocabulary of a published size; undefined for
 * another size, as fine-tunes with added tokens have it.
 *
 * @see openai/whisper:whisper/tokenizer.py `get_encoding` — the same order.
 */
export function standardLayout(vocabSize: PublishedSize): ReadonlyMap<string, number>
export function standardLayout(vocabSize: number): ReadonlyMap<string, number> | undefined
export function standardLayout(vocabSize: number): ReadonlyMap<string, number> | undefined {
  if (!isPublishedSize(vocabSize)) return undefined
  const layout = LAYOUTS[vocabSize]
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

// ── text tokens that Whisper must not say, for checkpoints whose files do not list them ──

/**
 * Brackets, music notes and other marks of non-speech, in the multilingual vocabularies.
 *
 * @see openai/whisper:whisper/tokenizer.py `non_speech_tokens` — how they were found.
 * @see huggingface/transformers:src/transformers/models/whisper/configuration_whisper.py `NON_SPEECH_TOKENS_MULTI`;
 *      openai/whisper-base on the hub, generation_config.json `suppress_tokens` — the same ids.
 */
export const NON_SPEECH_MULTILINGUAL: readonly number[] = [
  1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 359, 503, 522, 542, 873, 893,
  902, 918, 922, 931, 1350, 1853, 1982, 2460, 2627, 3246, 3253, 3268, 3536, 3846, 3961, 4183, 4667, 6585, 6647, 7273,
  9061, 9383, 10428, 10929, 11938, 12033, 12331, 12562, 13793, 14157, 14635, 15265, 15618, 16553, 16604, 18362, 18956,
  20075, 21675, 22520, 26130, 26161, 26435, 28279, 29464, 31650, 32302, 32470, 36865, 42863, 47425, 49870, 50254,
]

/** The same in GPT-2's vocabulary of the English-only models. @see `NON_SPEECH_TOKENS`; openai/whisper-base.en */
export const NON_SPEECH_ENGLISH: readonly number[] = [
  1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 357, 366, 438, 532, 685, 705,
  796, 930, 1058, 1220, 1267, 1279, 1303, 1343, 1377, 1391, 1635, 1782, 1875, 2162, 2361, 2488, 3467, 4008, 4211, 4600,
  4808, 5299, 5855, 6329, 7203, 9609, 9959, 10563, 10786, 11420, 11709, 11907, 13163, 13697, 13700, 14808, 15306, 16410,
  16791, 17992, 19203, 19510, 20724, 22305, 22935, 27007, 30109, 30420, 33409, 34949, 40283, 40493, 40549, 47282, 49146,
]

/** " ", which both vocabularies have at the same place; suppressed at the beginning together with `eot`. */
export const BLANK = 220
