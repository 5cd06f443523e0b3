/** Decoding, pure: given a step from tokens to logits, it finds the text. */
export { type AlignmentScores, tokenTimes } from './alignment.ts'
export {
  type DecodedWindow,
  type DecodeOptions,
  decodeWindow,
  detectLanguage,
  rowsFor,
  type TextModel,
  tokenChoice,
} from './decode-window.ts'
export { type Prompt, sotSequence } from './prompt.ts'
export type {
  FoundText,
  NextTokens,
  TextDecoder,
  TextRequest,
  TextRules,
  TokenChoice,
  WholeTextDecoder,
} from './text-decoder.ts'
export { WhisperTokenizer } from './tokenizer.ts'
export { decodeDetecting, findsText } from './whole-text.ts'
export { type SpelledWord, splitWords } from './words.ts'
