/** Long-form transcription: a recording of any length, window by window. */
export { type LongFormOptions, transcribeLongForm } from './long-form.ts'
export type { WindowDecodeOptions, WindowModel } from './window-model.ts'
