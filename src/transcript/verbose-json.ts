/** Everything about a transcription under the names of OpenAI's `verbose_json`; what OpenAI does not have follows it. */

import { languageName } from '../language-table.ts'
import type { Quality, Segment, Statistics, TokenLogprob, Transcription, Word } from './transcription.ts'

/** Times are seconds, to the millisecond. */
export interface VerboseJson {
  readonly task: 'transcribe' | 'translate'
  /** English name in lower case, such as "portuguese". */
  readonly language: string
  /** Of detection; absent where the language was given. */
  readonly language_probability?: number
  readonly duration: number
  readonly text: string
  /** Absent unless words were asked for. */
  readonly words?: readonly VerboseWord[]
  readonly segments: readonly VerboseSegment[]
  readonly warnings: readonly string[]
  readonly statistics: VerboseStatistics
}

export interface VerboseWord {
  /** Without the space before it. */
  readonly word: string
  readonly start: number
  readonly end: number
  readonly probability: number
}

export interface VerboseSegment {
  readonly id: number
  /** Frame of 10 ms at which the segment starts; OpenAI's is that of its window, which segments do not keep. */
  readonly seek: number
  readonly start: number
  readonly end: number
  readonly text: string
  readonly tokens: readonly number[]
  readonly temperature: number
  readonly avg_logprob: number
  readonly compression_ratio: number
  readonly no_speech_prob: number
  readonly language: string
  readonly quality: Quality
  readonly retries: number
  /** Absent unless asked for. */
  readonly logprobs?: readonly TokenLogprob[]
}

export interface VerboseStatistics {
  readonly windows: number
  readonly removed_seconds: number
  readonly context_repeats: number
  readonly temperature_retries: number
  readonly coverage_retries: number
  readonly language_votes: readonly { readonly language: string; readonly probability: number }[]
}

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

function verboseWord({ word, start, end, probability }: Word): VerboseWord {
  return { word: word.trim(), start: toMillisecond(start), end: toMillisecond(end), probability }
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
