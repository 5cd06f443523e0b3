/** Decoding, pure: given a step from tokens to logits, it finds the text. */
export { type AlignmentScores, SECONDS_PER_POSITION, tokenTimes } from './alignment.ts'
export {
  type DecodedWindow,
  type DecodeOptions,
  decodeWindows,
  detectLanguages,
  rowsPerWindow,
  type TextModel,
} from './decode-windows.ts'
export { isWrittenWithoutSpaces, resolveLanguage } from './languages.ts'
export { TIMESTAMP_STEP } from './logit-filters.ts'
export { type Prompt, sotSequence } from './prompt.ts'
export type { TextDecoder } from './text-decoder.ts'
export { WhisperTokenizer } from './tokenizer.ts'
export { type SpelledWord, splitWords } from './words.ts'
