/** Transcriptions for tests that are about what is made of them. */

import type { Segment, Transcription, Word } from '../../../src/transcript/index.ts'

/** A transcription of the given segments; what a test does not care about has some ordinary value. */
export function transcriptionOf(
  segments: readonly Partial<Segment>[],
  other: Partial<Transcription> = {},
): Transcription {
  const complete = segments.map((segment, id) => ({ ...ORDINARY_SEGMENT, id, ...segment }))
  return {
    text: complete
      .map(({ text }) => text)
      .join('')
      .trim(),
    task: 'transcribe',
    language: 'pt',
    languageProbability: undefined,
    durationSeconds: 60,
    segments: complete,
    warnings: [],
    statistics: {
      windows: 1,
      removedSeconds: 0,
      contextRepeats: 0,
      temperatureRetries: 0,
      coverageRetries: 0,
      languageVotes: [],
    },
    ...other,
  }
}

/** A segment of words that last half a second each, one after the other, and its text. */
export function spokenSegment(text: string, start = 0, secondsPerWord = 0.5): Partial<Segment> {
  const words: Word[] = text.split(/(?=\s)/).map((word, i) => ({
    start: start + i * secondsPerWord,
    end: start + (i + 1) * secondsPerWord,
    word,
    probability: 0.9,
  }))
  return { start, end: words.at(-1)!.end, text, words } // split gives at least one
}

const ORDINARY_SEGMENT: Segment = {
  id: 0,
  start: 0,
  end: 1,
  text: '',
  tokens: [],
  temperature: 0,
  avgLogprob: -0.2,
  compressionRatio: 1.3,
  noSpeechProb: 0.01,
  words: undefined,
  logprobs: undefined,
  quality: 'ok',
  retries: 0,
  language: 'pt',
}
