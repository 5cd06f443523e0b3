/** Long-form transcription: a recording of any length, window by window. */
export { type DetectionContext, detectRecordingLanguage } from './detect-language.ts'
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
export { sessionRequest } from './window-decoder.ts'
