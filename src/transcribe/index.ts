/** Long-form transcription: a recording of any length, window by window. */
export { type LongFormContext, transcribeLongForm } from './long-form.ts'
export { type DecodingOptions, type GivenOptions, OPTIONS, type OptionName, parseOptions } from './options.ts'
export type { EncodedWindows, WindowModel } from './window-model.ts'
