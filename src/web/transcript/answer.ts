/** What the service tells about a recording, event by event, and the transcript that comes of it. */

import { languageCode } from './languages.ts'
import type { Quality, Segment, Word } from './transcript.ts'

interface AnswerWord {
  readonly word: string
  readonly start: number
  readonly end: number
  readonly probability: number
}

export interface SegmentEvent {
  readonly type: 'transcript.text.segment'
  /** `seg_` and its number. */
  readonly id: string
  readonly start: number
  readonly end: number
  readonly text: string
  readonly words?: readonly AnswerWord[]
  readonly quality?: Quality
}

export interface ProgressEvent {
  readonly type: 'transcript.progress'
  readonly done_seconds: number
}

export interface DoneEvent {
  readonly type: 'transcript.text.done'
  readonly text: string
  readonly language?: string
  readonly language_probability?: number
  readonly duration?: number
  readonly warnings?: readonly string[]
  readonly segments?: readonly {
    readonly id: number
    readonly start: number
    readonly end: number
    readonly text: string
    readonly quality?: Quality
  }[]
}

export type AnswerEvent =
  | SegmentEvent
  | ProgressEvent
  | DoneEvent
  | { readonly type: 'transcript.text.delta'; readonly delta: string }

/** A segment as soon as it is there. */
export function segmentOf({ id, start, end, text, words = [], quality = 'ok' }: SegmentEvent): Segment {
  return { id: Number(id.replace(/\D+/g, '')), start, end, text: text.trim(), words: words.map(wordOf), quality }
}

function wordOf({ word, start, end, probability }: AnswerWord): Word {
  return { word: word.trim(), start, end, probability }
}

export interface Answer {
  readonly durationSeconds: number
  readonly language: string | undefined
  readonly languageProbability: number | undefined
  readonly warnings: readonly string[]
  readonly segments: readonly Segment[]
}

/** @param told  segments that came on the way; the last event has the final ones, but not their words. */
export function answerOf(done: DoneEvent, told: readonly Segment[]): Answer {
  const words = new Map(told.map((segment) => [segment.id, segment.words]))
  const segments = done.segments?.map(({ id, start, end, text, quality = 'ok' }) => {
    return { id, start, end, text: text.trim(), words: words.get(id) ?? [], quality }
  })
  return {
    durationSeconds: done.duration ?? told.at(-1)?.end ?? 0,
    language: done.language === undefined ? undefined : languageCode(done.language),
    languageProbability: done.language_probability,
    warnings: done.warnings ?? [],
    segments: segments ?? told,
  }
}
