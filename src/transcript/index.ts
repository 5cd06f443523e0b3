/** What we hand back: segments, words, the whole text. */
export type { Quality, Segment, Statistics, Transcription, Word } from './transcription.ts'
