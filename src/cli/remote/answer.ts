/** From the events of a stream of `verbose_json` back to a transcription. */

import { z } from 'zod'
import { LANGUAGE_CODES, resolveLanguage } from '../../languages.ts'
import type { Quality, Segment, Transcription, Word } from '../../transcript/index.ts'

const QUALITIES = ['ok', 'low_confidence', 'repetition', 'maybe_silence'] as const satisfies readonly Quality[]

const wordSchema = z.object({ word: z.string(), start: z.number(), end: z.number(), probability: z.number() })

/** The event of a segment: what is said of it here and not in the last event. */
const segmentEventSchema = z.object({
  type: z.literal('transcript.text.segment'),
  start: z.number(),
  end: z.number(),
  text: z.string(),
  words: z.array(wordSchema).optional(),
})

const doneEventSchema = z.object({
  type: z.literal('transcript.text.done'),
  task: z.enum(['transcribe', 'translate']),
  language: z.string(),
  language_probability: z.number().optional(),
  duration: z.number(),
  text: z.string(),
  segments: z.array(
    z.object({
      id: z.number(),
      start: z.number(),
      end: z.number(),
      text: z.string(),
      tokens: z.array(z.number()),
      temperature: z.number(),
      avg_logprob: z.number(),
      compression_ratio: z.number(),
      no_speech_prob: z.number(),
      language: z.string(),
      quality: z.enum(QUALITIES),
      retries: z.number(),
    }),
  ),
  warnings: z.array(z.string()),
  statistics: z.object({
    windows: z.number(),
    removed_seconds: z.number(),
    context_repeats: z.number(),
    temperature_retries: z.number(),
    coverage_retries: z.number(),
    language_votes: z.array(z.object({ language: z.string(), probability: z.number() })),
  }),
})

const progressEventSchema = z.object({ type: z.literal('transcript.progress'), done_seconds: z.number() })
export const failureSchema = z.object({ error: z.object({ message: z.string(), code: z.string().nullable() }) })

const EVENTS = z.discriminatedUnion('type', [segmentEventSchema, doneEventSchema, progressEventSchema])

/**
 * undefined for other events, such as deltas, which say nothing that these do not.
 *
 * @throws {ZodError} for what has another form.
 */
export function readEvent(value: unknown): z.infer<typeof EVENTS | typeof failureSchema> | undefined {
  const { type, error } = z.object({ type: z.string(), error: z.unknown() }).partial().parse(value)
  if (error !== undefined) return failureSchema.parse(value)
  const isKnown = EVENTS.options.some(({ shape }) => shape.type.value === type)
  return isKnown ? EVENTS.parse(value) : undefined
}

export type ServerSegment = z.infer<typeof segmentEventSchema>
export type ServerTranscription = z.infer<typeof doneEventSchema>
export type ServerFailure = z.infer<typeof failureSchema>['error']

/**
 * @param segmentEvents  those that came before; times in them are exact, and each has its own words.
 */
export function toTranscription(done: ServerTranscription, segmentEvents: readonly ServerSegment[]): Transcription {
  const hasEvents = segmentEvents.length === done.segments.length
  const segments = done.segments.map((segment, i): Segment => {
    const { start, end, words } = (hasEvents && segmentEvents[i]) || { ...segment, words: undefined }
    return {
      id: segment.id,
      start,
      end,
      text: segment.text,
      tokens: segment.tokens,
      temperature: segment.temperature,
      avgLogprob: segment.avg_logprob,
      compressionRatio: segment.compression_ratio,
      noSpeechProb: segment.no_speech_prob,
      words: words && withSpaces(words, segment.text),
      logprobs: undefined,
      quality: segment.quality,
      retries: segment.retries,
      language: codeOf(segment.language),
    }
  })
  const { statistics } = done
  return {
    text: done.text,
    task: done.task,
    // A translation's language is there that of its text; segments have the one that was spoken.
    language: segments[0]?.language ?? codeOf(done.language),
    languageProbability: done.language_probability,
    durationSeconds: done.duration,
    segments,
    warnings: done.warnings,
    statistics: {
      windows: statistics.windows,
      removedSeconds: statistics.removed_seconds,
      contextRepeats: statistics.context_repeats,
      temperatureRetries: statistics.temperature_retries,
      coverageRetries: statistics.coverage_retries,
      languageVotes: statistics.language_votes.map(({ language, probability }) => [codeOf(language), probability]),
    },
  }
}

/** Words as a segment has them, with the space before each: together they are its text. */
function withSpaces(words: readonly z.infer<typeof wordSchema>[], text: string): Word[] {
  let at = 0
  return words.map(({ word, ...others }) => {
    const found = word === '' ? -1 : text.indexOf(word, at)
    if (found < 0) return { ...others, word: ` ${word}` }
    const spaced = text.slice(at, found + word.length)
    at = found + word.length
    return { ...others, word: spaced.trim() === word ? spaced : ` ${word}` }
  })
}

/** `pt` for `portuguese`. A name that is none of Whisper's stays. */
function codeOf(name: string): string {
  try {
    return resolveLanguage(name, LANGUAGE_CODES)
  } catch {
    return name
  }
}
