/** The parts of a transcription; every writer and every route starts from here. Times are seconds. */

/** Trust in a segment. */
export type Quality = (typeof QUALITIES)[number]
export const QUALITIES = ['ok', 'low_confidence', 'repetition', 'maybe_silence'] as const

export const TASKS = ['transcribe', 'translate'] as const

export interface Word {
  /** From the start of the recording. */
  readonly start: number
  readonly end: number
  /** With the space before it, so that the words of a segment joined are its text. */
  readonly word: string
  /** Mean probability of its tokens, 0 to 1. */
  readonly probability: number
  /** As that of its segment. */
  readonly channel?: number | undefined
}

/** A sentence, or what lies between two pauses; at most one window long. */
export interface Segment {
  readonly id: number
  /** From the start of the recording. */
  readonly start: number
  readonly end: number
  readonly text: string
  readonly tokens: readonly number[]
  readonly temperature: number
  readonly avgLogprob: number
  readonly compressionRatio: number
  readonly noSpeechProb: number
  /** undefined unless words were asked for. */
  readonly words: readonly Word[] | undefined
  /** One for each text token; undefined unless they were asked for. */
  readonly logprobs: readonly TokenLogprob[] | undefined
  readonly quality: Quality
  /** Number of times that its window was decoded again before this text was accepted. */
  readonly retries: number
  /** ISO 639-1 code; differs from the transcription's only where languages are detected per window, or per channel. */
  readonly language: string
  /** The channel in which it was said, counted from 1; absent unless each was heard apart. */
  readonly channel?: number | undefined
}

/** Counts of the work. */
export interface Statistics {
  readonly windows: number
  /** Seconds that voice activity detection left out. */
  readonly removedSeconds: number
  /** Windows decoded once more at the full audio context. */
  readonly contextRepeats: number
  /** Windows decoded once more at a higher temperature. */
  readonly temperatureRetries: number
  /** Stretches decoded once more because speech was left without text. */
  readonly coverageRetries: number
  /** Probability of each language that detection considered, the likeliest first. */
  readonly languageVotes: readonly (readonly [language: string, probability: number])[]
}

export interface Transcription {
  /** All of the text, trimmed. */
  readonly text: string
  readonly task: (typeof TASKS)[number]
  /** Code of the language that was decoded, such as "pt". */
  readonly language: string
  /** Probability of the detected language; undefined where the language was given. */
  readonly languageProbability: number | undefined
  /** Length of the whole recording. */
  readonly durationSeconds: number
  readonly segments: readonly Segment[]
  /** Warnings about this answer, each one sentence. */
  readonly warnings: readonly string[]
  readonly statistics: Statistics
}

/** The language of a recording, by detection alone. */
export interface LanguageDetection {
  /** Code, such as "pt". */
  readonly language: string
  readonly probability: number
  /** Each language considered, the likeliest first. */
  readonly votes: readonly (readonly [language: string, probability: number])[]
  /** Seconds of the recording that were listened to. */
  readonly durationSeconds: number
}

/** Results, by the kind of work. */
export interface WorkResults {
  readonly transcribe: Transcription
  readonly 'detect-language': LanguageDetection
}

export type WorkKind = keyof WorkResults

/** A token with the natural logarithm of its probability. */
export interface TokenLogprob {
  /** With U+FFFD where the token is only a part of a character. */
  readonly token: string
  readonly bytes: readonly number[]
  readonly logprob: number
}
