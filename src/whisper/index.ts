/**
 * The algorithm, from samples to segments: windows of speech, prompts, search, alignment, fallback. It asks a model for what
 * `model.ts` names, and holds no session.
 */
export { type AlignmentScores, tokenTimes } from './alignment.ts'
export { decodeBySteps, detectLanguage, hypothesesOf, logitRules, possibleLanguages } from './decode-window.ts'
export {
  type DecodedWindow,
  type DecodeOptions,
  decodedWindow,
  type LanguageProbabilities,
  type TextModel,
} from './decoded-window.ts'
export { type DetectionContext, detectRecordingLanguage } from './detect-language.ts'
export { likeliest } from './language-choice.ts'
export { LogitBiases } from './logit-bias.ts'
export { suppressedTokens } from './logit-filters.ts'
export { type LongFormContext, transcribeLongForm } from './long-form.ts'
export type {
  EncodedWindow,
  ModelSession,
  SessionRequest,
  SpeechModel,
  StepCounts,
  WindowPrompt,
} from './model.ts'
export type { DecodingOptions } from './options.ts'
export { type Prompt, promptTokens, sotSequence } from './prompt.ts'
export type { LogitRules, NextTokens, StepDecoder } from './step-decoder.ts'
export { WhisperTokenizer } from './tokenizer.ts'
export { sessionRequest } from './window-decoder.ts'
export { type SpelledWord, splitWords } from './words.ts'
