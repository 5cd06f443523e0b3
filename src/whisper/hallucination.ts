/**
 * Text in the middle of silence: words that are improbable, too short or too long, with a long pause on both sides.
 *
 * @see openai/whisper:whisper/transcribe.py `hallucination_silence_threshold`, `is_segment_anomaly`
 */

import type { UnnumberedSegment } from './segments.ts'
import type { TimedWord } from './timed-words.ts'

const IMPROBABLE = 0.15
const SHORTEST_WORD = 0.133
const LONGEST_WORD = 2
/** Words of a segment that are looked at. */
const N_WORDS = 8
const ANOMALOUS = 3

/** `segments` without those that look invented; the words of each are given beside it. */
export function withoutHallucinations<
  T extends { readonly segment: UnnumberedSegment; readonly words: readonly TimedWord[] },
>(entries: readonly T[], silenceThreshold: number, durationSeconds: number): T[] {
  return entries.filter(({ segment, words }, i) => {
    const before = segment.start - (entries[i - 1]?.segment.end ?? 0)
    const after = (entries[i + 1]?.segment.start ?? durationSeconds) - segment.end
    return !isAnomalous(words) || before < silenceThreshold || after < silenceThreshold
  })
}

function isAnomalous(words: readonly TimedWord[]): boolean {
  const spoken = words.filter(({ word }) => /[\p{L}\p{N}]/u.test(word)).slice(0, N_WORDS)
  const score = spoken.reduce((sum, word) => sum + anomaly(word), 0)
  return spoken.length > 0 && (score >= ANOMALOUS || score + 0.01 >= spoken.length)
}

function anomaly({ start, end, probability }: TimedWord): number {
  const duration = end - start
  const improbable = probability < IMPROBABLE ? 1 : 0
  const tooShort = duration < SHORTEST_WORD ? (SHORTEST_WORD - duration) * 15 : 0
  const tooLong = Math.max(0, duration - LONGEST_WORD)
  return improbable + tooShort + tooLong
}
