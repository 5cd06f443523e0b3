/** Paradox ASR inside another program. */

export type { TranscribeOptions } from './options.ts'
export type { RecordingInput } from './recording.ts'
export type { LoadingProgress, ModelSettings } from './settings.ts'
export { type DetectOptions, loadModel, type SpeechModel } from './speech-model.ts'
export { type TranscribeOnceOptions, transcribe } from './transcribe.ts'
