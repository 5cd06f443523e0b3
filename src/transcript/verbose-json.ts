/** Everything about a transcription under the names of OpenAI's `verbose_json`; what OpenAI does not have follows it. */

import { z } from 'zod'
import { languageName } from '../language-table.ts'
import type { DataOf } from '../schema.ts'
import { QUALITIES, type Segment, type Statistics, TASKS, type Transcription, type Word } from './transcription.ts'

const seconds = z.number().describe('Seconds from the start of the recording.')
/** Its range is only documented: a client should not refuse what rounding has put a little beyond it. */
const probability = z.number().meta({ minimum: 0, maximum: 1 })
const count = z.int().min(0)
const language = z.string().describe('English name in lower case, such as portuguese.')
const channel = count.min(1).describe('In which it was said; absent unless channel is each.').optional()

export const verboseWordSchema = z.object({
  word: z.string().describe('Without the space before it.'),
  start: seconds,
  end: seconds,
  probability,
  channel,
})

export const tokenLogprobSchema = z.object({
  token: z.string(),
  bytes: z.array(z.int().min(0).max(255)),
  logprob: z.number().describe('Natural logarithm of its probability.'),
})

const verboseSegmentSchema = z.object({
  id: count,
  // OpenAI's is that of its window, which segments do not keep.
  seek: count.describe('Its start, in frames of 10 ms.'),
  start: seconds,
  end: seconds,
  text: z.string(),
  tokens: z.array(count),
  temperature: z.number(),
  avg_logprob: z.number(),
  compression_ratio: z.number(),
  no_speech_prob: probability,
  language,
  quality: z.enum(QUALITIES),
  retries: count.describe('How often its window was decoded again before this text was accepted.'),
  logprobs: z.array(tokenLogprobSchema).describe('Absent unless logprobs is true.').optional(),
  channel,
})

const statisticsSchema = z.object({
  windows: count,
  removed_seconds: z.number().describe('Seconds that voice activity detection left out.'),
  context_repeats: count.describe('Windows decoded again at the full audio context.'),
  temperature_retries: count.describe('Windows decoded again at a higher temperature.'),
  coverage_retries: count.describe('Stretches of speech without text that were decoded again.'),
  language_votes: z.array(z.object({ language, probability })),
})

/** Times are seconds, to the millisecond. */
export const verboseJsonSchema = z.object({
  task: z.enum(TASKS),
  language,
  language_probability: probability.describe('Of detection; absent where the language was given.').optional(),
  duration: z.number().describe('Seconds of the recording.'),
  text: z.string(),
  words: z.array(verboseWordSchema).describe('Absent unless word_timestamps is true.').optional(),
  segments: z.array(verboseSegmentSchema),
  warnings: z.array(z.string()).describe('What the caller should know about this answer.'),
  statistics: statisticsSchema,
})

export type VerboseWord = DataOf<typeof verboseWordSchema>
export type VerboseSegment = DataOf<typeof verboseSegmentSchema>
export type VerboseStatistics = DataOf<typeof statisticsSchema>
export type VerboseJson = DataOf<typeof verboseJsonSchema>

/** @see https://platform.openai.com/docs/api-reference/audio/verbose-json-object — the first six keys and `words`. */
export function toVerboseJson(transcription: Transcription): VerboseJson {
  const { task, language, languageProbability, durationSeconds, text, segments, warnings, statistics } = transcription
  return {
    task,
    language: languageName(language),
    ...(languageProbability !== undefined && { language_probability: languageProbability }),
    duration: toMillisecond(durationSeconds),
    text,
    ...(segments.some(({ words }) => words !== undefined) && {
      words: segments.flatMap(({ words }) => (words ?? []).map(verboseWord)),
    }),
    segments: segments.map(verboseSegment),
    warnings,
    statistics: verboseStatistics(statistics),
  }
}

function verboseWord({ word, start, end, probability, channel }: Word): VerboseWord {
  return {
    word: word.trim(),
    start: toMillisecond(start),
    end: toMillisecond(end),
    probability,
    ...(channel !== undefined && { channel }),
  }
}

function verboseSegment(segment: Segment): VerboseSegment {
  return {
    id: segment.id,
    seek: Math.round(segment.start * 100),
    start: toMillisecond(segment.start),
    end: toMillisecond(segment.end),
    text: segment.text,
    tokens: segment.tokens,
    temperature: segment.temperature,
    avg_logprob: segment.avgLogprob,
    compression_ratio: segment.compressionRatio,
    no_speech_prob: segment.noSpeechProb,
    language: languageName(segment.language),
    quality: segment.quality,
    retries: segment.retries,
    ...(segment.logprobs && { logprobs: segment.logprobs }),
    ...(segment.channel !== undefined && { channel: segment.channel }),
  }
}

function verboseStatistics(statistics: Statistics): VerboseStatistics {
  return {
    windows: statistics.windows,
    removed_seconds: toMillisecond(statistics.removedSeconds),
    context_repeats: statistics.contextRepeats,
    temperature_retries: statistics.temperatureRetries,
    coverage_retries: statistics.coverageRetries,
    language_votes: statistics.languageVotes.map(([language, probability]) => ({
      language: languageName(language),
      probability,
    })),
  }
}

function toMillisecond(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
