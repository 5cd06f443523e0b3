/** Decoding, pure: given a step from tokens to logits, it finds the text. */
export { type AlignmentScores, tokenTimes } from './alignment.ts'
export {
  type DecodedWindow,
  type DecodeOptions,
  decodeBySteps,
  detectLanguage,
  hypothesesOf,
  type LanguageProbabilities,
  logitRules,
  possibleLanguages,
  type TextModel,
} from './decode-window.ts'
export { decodedWindow } from './decoded-window.ts'
export { LogitBiases } from './logit-bias.ts'
export { suppressedTokens } from './logit-filters.ts'
export { type Prompt, promptTokens, sotSequence } from './prompt.ts'
export type { LogitRules, NextTokens, StepDecoder } from './step-decoder.ts'
export { WhisperTokenizer } from './tokenizer.ts'
export { type SpelledWord, splitWords } from './words.ts'
