/** Which language a recording is taken for. */

import type { DecodingOptions } from './options.ts'

/** A language and its probability. */
export type Vote = readonly [language: string, probability: number]

/**
 * Decides on one language for a recording from what detection says of its first windows: the first that is sure
 * enough, else the one that most windows voted for, else the most probable.
 *
 * @see SYSTRAN/faster-whisper:faster_whisper/transcribe.py `detect_language`
 */
export function chooseLanguage(
  windows: readonly ReadonlyMap<string, number>[],
  threshold: number,
): { readonly language: string; readonly probability: number } {
  const best = windows.map(likeliest)
  const sure = best.find(([, probability]) => probability > threshold)
  if (sure) return { language: sure[0], probability: sure[1] }
  const votes = Map.groupBy(best, ([language]) => language)
  const [winner] = [...votes.values()].sort((a, b) => b.length - a.length || highest(b) - highest(a))
  return { language: winner![0]![0], probability: highest(winner!) }
}

/** Whether detection has heard enough: one window that it is sure of, or as many as it may listen to. */
export function isDecided(
  heard: readonly ReadonlyMap<string, number>[],
  options: Pick<DecodingOptions, 'languageDetectionSegments' | 'languageDetectionThreshold'>,
): boolean {
  if (heard.length >= options.languageDetectionSegments) return true
  return heard.some((probabilities) => likeliest(probabilities)[1] > options.languageDetectionThreshold)
}

export function likeliest(probabilities: ReadonlyMap<string, number>): Vote {
  return [...probabilities].reduce((best, vote) => (vote[1] > best[1] ? vote : best))
}

/** Mean probability over the windows of each language worth mentioning, the likeliest first. */
export function languageVotes(windows: readonly ReadonlyMap<string, number>[]): Vote[] {
  const sums = new Map<string, number>()
  for (const probabilities of windows) {
    for (const [language, probability] of probabilities) {
      sums.set(language, (sums.get(language) ?? 0) + probability / windows.length)
    }
  }
  return [...sums].filter(([, probability]) => probability >= 0.01).sort((a, b) => b[1] - a[1])
}

function highest(votes: readonly Vote[]): number {
  return Math.max(...votes.map(([, probability]) => probability))
}
