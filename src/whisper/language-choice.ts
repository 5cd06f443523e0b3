/** Which language a recording is taken for, by what detection says of its first windows. */

import type { DecodingOptions } from './options.ts'
import { speechSeconds, type Window } from './windows.ts'

/** A language and its probability. */
export type Vote = readonly [language: string, probability: number]

/** What detection says of a window. */
export interface HeardLanguages {
  readonly probabilities: ReadonlyMap<string, number>
  /** Of speech in the window: the weight of its vote. */
  readonly seconds: number
}

/**
 * Seconds of speech whose votes decide. A greeting, a jingle or a cough in front is detected with confidence, as whatever it
 * sounds like: of 27 clips with one to four seconds of speech 24 were with 0.9 or more. openai/whisper listens to 30 s
 * from the beginning, pauses included.
 */
const DECIDING_SECONDS = 10

/** Less speech tells a listener hardly anything, so a window with less is in the language of the one before. */
const LEAST_SECONDS = 1

/** Whether there is too little speech in a window to tell its language from another's. */
export function isTooShortToTell(window: Window): boolean {
  return speechSeconds(window) < LEAST_SECONDS
}

/** The language that most of the speech is in, and its mean probability. @param heard  at least one window. */
export function chooseLanguage(heard: readonly HeardLanguages[]): {
  readonly language: string
  readonly probability: number
} {
  const [language, probability] = likeliest(meanProbabilities(heard))
  return { language, probability }
}

/**
 * The language that most of a recording is in where it changes, and its mean probability where it is spoken.
 *
 * @param heard  at least one window.
 */
export function mainLanguage(heard: readonly HeardLanguages[]): ReturnType<typeof chooseLanguage> {
  const { language } = chooseLanguage(heard)
  const inIt = heard.filter(({ probabilities }) => likeliest(probabilities)[0] === language)
  return { language, probability: meanProbabilities(inIt.length > 0 ? inIt : heard).get(language)! }
}

/**
 * Whether detection has heard enough: as many windows as it may listen to, or a language that it is sure of and that the
 * rest of the deciding seconds could not outvote.
 */
export function isDecided(
  heard: readonly HeardLanguages[],
  options: Pick<DecodingOptions, 'languageDetectionSegments' | 'languageDetectionThreshold'>,
): boolean {
  if (heard.length >= options.languageDetectionSegments) return true
  const seconds = heard.reduce((sum, window) => sum + window.seconds, 0)
  const [first = 0, second = 0] = [...meanProbabilities(heard).values()].sort((a, b) => b - a)
  return first > options.languageDetectionThreshold && (first - second) * seconds >= DECIDING_SECONDS - seconds
}

export function likeliest(probabilities: ReadonlyMap<string, number>): Vote {
  return [...probabilities].reduce((best, vote) => (vote[1] > best[1] ? vote : best))
}

/** Mean probability over the speech of each language worth mentioning, the likeliest first. */
export function languageVotes(heard: readonly HeardLanguages[]): Vote[] {
  return [...meanProbabilities(heard)].filter(([, probability]) => probability >= 0.01).sort((a, b) => b[1] - a[1])
}

function meanProbabilities(heard: readonly HeardLanguages[]): ReadonlyMap<string, number> {
  const total = heard.reduce((sum, { seconds }) => sum + seconds, 0)
  const means = new Map<string, number>()
  for (const { probabilities, seconds } of heard) {
    for (const [language, probability] of probabilities) {
      means.set(language, (means.get(language) ?? 0) + (probability * seconds) / total)
    }
  }
  return means
}
