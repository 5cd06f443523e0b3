/** Which words the model was unsure of, for whoever checks the text. */

import type { Segment, Word } from './transcript.ts'

/** Below it a word is marked, unless the reader chooses another limit. */
export const DEFAULT_LIMIT = 0.5
/** What may be chosen; 0 marks nothing. */
export const LIMITS = [0, 0.3, 0.5, 0.7, 0.9] as const

/** @param limit  0 to 1. What a person has typed is never unsure. */
export function isUnsure({ probability }: Word, limit: number): boolean {
  return probability !== undefined && probability < limit
}

/** A word of a transcript, by the index of its segment and its own in there. */
export interface WordPlace {
  readonly segment: number
  readonly word: number
}

export function unsureWords(segments: readonly Segment[], limit: number): WordPlace[] {
  return segments.flatMap(({ words }, segment) =>
    words.flatMap((one, word) => (isUnsure(one, limit) ? [{ segment, word }] : [])),
  )
}

/** The first unsure word that begins later, else the first of all; undefined where there is none. */
export function nextUnsure(segments: readonly Segment[], limit: number, seconds: number): WordPlace | undefined {
  const places = unsureWords(segments, limit)
  return places.find(({ segment, word }) => segments[segment]!.words[word]!.start > seconds + 0.001) ?? places[0]
}
