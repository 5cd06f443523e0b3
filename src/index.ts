/** What `import … from 'paradox-asr'` gives: docs/library.md. */

export { AsrError, type ErrorCode } from './errors/index.ts'
export {
  type DetectOptions,
  type LoadingProgress,
  loadModel,
  type ModelSettings,
  type RecordingInput,
  type SpeechModel,
  type TranscribeOnceOptions,
  type TranscribeOptions,
  transcribe,
} from './library/index.ts'
export { PACKAGE } from './package-info.ts'
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
