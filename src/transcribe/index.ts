/** Long-form transcription: a recording of any length, window by window. */
export { type DetectionContext, detectRecordingLanguage } from './detect-language.ts'
export { type LongFormContext, transcribeLongForm } from './long-form.ts'
export type { DecodingOptions } from './options.ts'
export type { EncodedWindow, WindowModel } from './window-model.ts'
