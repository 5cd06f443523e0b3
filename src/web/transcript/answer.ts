/** What the service tells about a recording, event by event, and the transcript that comes of it. */

import type * as service from '../../transcript/openai-json.ts'
import { languageCode } from './languages.ts'
import type { Segment, Word } from './transcript.ts'

/** What is read of the events, so that an OpenAI service of another kind is understood, too. */
export type SegmentEvent = Pick<service.SegmentEvent, 'type' | 'id' | 'start' | 'end' | 'text' | 'words' | 'quality'>
type DoneSegment = Pick<ToldSegment, 'id' | 'start' | 'end' | 'text'> & Partial<Pick<ToldSegment, 'quality'>>
type ToldSegment = NonNullable<service.DoneEvent['segments']>[number]
export type DoneEvent = Pick<
  service.DoneEvent,
  'type' | 'text' | 'language' | 'language_probability' | 'duration' | 'warnings'
> & { readonly segments?: readonly DoneSegment[] }

export type AnswerEvent = SegmentEvent | service.ProgressEvent | DoneEvent | service.DeltaEvent

/** A segment as soon as it is there. */
export function segmentOf({ id, start, end, text, words = [], quality = 'ok' }: SegmentEvent): Segment {
  return { id: Number(id.replace(/\D+/g, '')), start, end, text: text.trim(), words: words.map(wordOf), quality }
}

function wordOf({ word, start, end, probability }: NonNullable<SegmentEvent['words']>[number]): Word {
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
