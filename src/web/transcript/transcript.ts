/** A transcript as the page keeps, shows and edits it. Times are seconds from the start of the recording. */

import type { Quality } from '../../transcript/transcription.ts'

export type { Quality }

export interface Word {
  readonly start: number
  readonly end: number
  /** Without spaces around it. */
  readonly word: string
  /** How sure the model is, 0 to 1; undefined for what a person has typed. */
  readonly probability: number | undefined
}

/** Text with the times of its words, as long as nobody has changed it. */
export interface SpokenText {
  readonly text: string
  readonly words: readonly Word[]
}

export interface Segment extends SpokenText {
  readonly id: number
  readonly start: number
  readonly end: number
  readonly quality: Quality
  /** What the model wrote, where a person has changed it. */
  readonly original?: SpokenText
}

export type Task = 'transcribe' | 'translate'

export interface Transcript {
  readonly id: string
  /** Of the recording's file. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly durationSeconds: number
  readonly task: Task
  /** Code of the language of the text; undefined where the service named one that is not known here. */
  readonly language: string | undefined
  /** Of detection, 0 to 1; undefined where the language was given. */
  readonly languageProbability: number | undefined
  /** Id of the model; undefined where the service chose. */
  readonly model: string | undefined
  /** From the start of the request to its end. */
  readonly processingSeconds: number | undefined
  readonly segments: readonly Segment[]
  /** The service's own sentences, in English. */
  readonly warnings: readonly string[]
  /** True where the work ended before the recording did. */
  readonly isPartial: boolean
  /** True where the recording was made on this page: then it exists nowhere else. */
  readonly isFromMicrophone?: boolean
  /** Of what is kept, one more with each change; undefined before it is kept. */
  readonly version?: number
}

/** All text, a space between segments; languages that write none keep none. */
export function textOf(segments: readonly Segment[]): string {
  let text = ''
  for (const segment of segments) {
    const next = segment.text.trim()
    if (next === '') continue
    text += text === '' || (isUnspaced(text.at(-1)!) && isUnspaced(next[0]!)) ? next : ` ${next}`
  }
  return text
}

/** Chinese, Japanese, Thai and so on, with their punctuation. */
function isUnspaced(character: string): boolean {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\u3000-\u303f\uff00-\uffef]/u.test(
    character,
  )
}

export function isEdited({ original }: Segment): boolean {
  return original !== undefined
}
