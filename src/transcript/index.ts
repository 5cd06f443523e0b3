/** What we hand back: segments and the whole text. */
export type { Segment, Transcription } from './transcription.ts'
