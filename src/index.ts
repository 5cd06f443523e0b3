/** The exports of the package `paradox-asr`: docs/library.md. */

export { AsrError, type ErrorCode } from './errors/index.ts'
export { PACKAGE } from './package-info.ts'
export type { TranscribeOptions } from './sdk/options.ts'
export type { RecordingInput } from './sdk/recording.ts'
export type { LoadingProgress, ModelSettings } from './sdk/settings.ts'
export {
  type DetectOptions,
  loadModel,
  type SpeechModel,
  type TranscribeOnceOptions,
  transcribe,
} from './sdk/speech-model.ts'
export {
  type FormatName,
  type LanguageDetection,
  type Quality,
  type Segment,
  type Statistics,
  type SubtitleOptions,
  type TokenLogprob,
  type Transcription,
  type Word,
  writeTranscription,
} from './transcript/index.ts'
