/** Voice activity: a stream of samples → windows of speech, heard by Silero VAD, which is compiled and run here. */
export { FRAME_SAMPLES, type SpeechProbability } from './frames.ts'
export type { SpeechOptions } from './options.ts'
export { VadSession } from './silero-session.ts'
export { speechIn } from './speech-in.ts'
export type { Span } from './speech-spans.ts'
export { type SpeechWindow, SpeechWindows } from './speech-windows.ts'
