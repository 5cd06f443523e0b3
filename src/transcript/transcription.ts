/** What a transcription is made of; every writer and every door starts from here. */

/** A stretch of speech, at most one window long. Times are seconds from the start of the recording. */
export interface Segment {
  readonly id: number
  readonly start: number
  readonly end: number
  readonly text: string
  readonly tokens: readonly number[]
  readonly temperature: number
  readonly avgLogprob: number
  readonly compressionRatio: number
  readonly noSpeechProb: number
}

export interface Transcription {
  /** All of the text, trimmed. */
  readonly text: string
  /** ISO 639-1 code of the language that was decoded, such as "pt". */
  readonly language: string
  /** Length of the whole recording. */
  readonly durationSeconds: number
  readonly segments: readonly Segment[]
}
