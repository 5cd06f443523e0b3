/** Where in a recording somebody speaks: a stream of samples → windows of speech, and nothing else. */
export { FRAME_SAMPLES, type SpeechProbability } from './frames.ts'
export type { SpeechOptions } from './options.ts'
export type { Span } from './speech-spans.ts'
export { type SpeechWindow, SpeechWindows } from './speech-windows.ts'
