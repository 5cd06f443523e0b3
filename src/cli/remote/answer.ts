/** From the events of a stream of `verbose_json` back to a transcription. */

import { z } from 'zod'
import { openAiErrorSchema } from '../../http/surfaces/openai/errors.ts'
import { LANGUAGE_CODES, resolveLanguage } from '../../languages.ts'
import {
  progressEventSchema,
  type Segment,
  segmentEventSchema,
  type Transcription,
  verboseJsonSchema,
  type Word,
} from '../../transcript/index.ts'

// Of what the service sends, what is read here, so that a service of another version is understood as far as can be.

const keys = { type: true, start: true, end: true, text: true, words: true } as const
/** What is said of a segment in its event and not in the last one. */
const segmentSchema = segmentEventSchema.pick(keys)

const doneSchema = verboseJsonSchema.omit({ words: true }).extend({ type: z.literal('transcript.text.done') })

export const failureSchema = z.object({ error: openAiErrorSchema.shape.error.pick({ message: true, code: true }) })

const EVENTS = z.discriminatedUnion('type', [segmentSchema, doneSchema, progressEventSchema])

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

export type ServerSegment = z.infer<typeof segmentSchema>
export type ServerTranscription = z.infer<typeof doneSchema>
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
      ...(segment.channel !== undefined && { channel: segment.channel }),
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
function withSpaces(words: NonNullable<ServerSegment['words']>, text: string): Word[] {
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
