/**
 * Words with their times, from the alignment of a window's tokens.
 *
 * @see openai/whisper:whisper/timing.py `add_word_timestamps`
 */

import type { Word } from '../transcript/index.ts'
import { type AlignmentScores, tokenTimes } from './alignment.ts'
import type { SpelledWord } from './words.ts'

/** A word, and the tokens that spell it. */
export interface TimedWord extends Word {
  readonly tokens: readonly number[]
}

/** No word takes longer than twice the median, and the median itself is taken as at most this, in seconds. */
const LONGEST_MEDIAN = 0.7
const SENTENCE_END = /[.。!！?？]["'”’)\]]*$/

/** What of a window its words' times depend on. */
export interface WindowTiming {
  /** Where the window begins in the recording. */
  readonly startSeconds: number
  /** Encoder positions that hold the recording. */
  readonly nPositions: number
  /** The checkpoint names no alignment heads, so that `scores` are those of candidates. */
  readonly areCandidates: boolean
}

/**
 * @param words         the window's text, split.
 * @param probabilities of each token of `words`.
 * @param firstRow      row of the last prompt token in `scores`.
 */
export function timeWords(
  words: readonly SpelledWord[],
  probabilities: readonly number[],
  scores: AlignmentScores,
  firstRow: number,
  { startSeconds, nPositions, areCandidates }: WindowTiming,
): TimedWord[] {
  const nTokens = words.reduce((sum, word) => sum + word.tokens.length, 0)
  if (nTokens === 0) return []
  const times = tokenTimes(scores, firstRow, nTokens, nPositions, areCandidates)
  let place = 0
  const timed = words.map(({ text, tokens }) => {
    const from = place
    place += tokens.length
    const ofTokens = probabilities.slice(from, place)
    const probability = ofTokens.reduce((sum, p) => sum + p, 0) / (ofTokens.length || 1)
    return { word: text, tokens, start: times[from]!, end: times[place]!, probability }
  })
  return shortened(timed).map((word) => ({
    ...word,
    start: startSeconds + word.start,
    end: startSeconds + word.end,
  }))
}

/** A pause at a sentence's border is no part of the words beside it, though the alignment has to put it somewhere. */
function shortened(words: readonly TimedWord[]): TimedWord[] {
  const longest = 2 * medianDuration(words)
  if (longest === 0) return [...words]
  return words.map((word, i) => {
    if (word.end - word.start <= longest) return word
    const isFirst = i === 0 || SENTENCE_END.test(words[i - 1]!.word)
    if (SENTENCE_END.test(word.word)) return { ...word, end: word.start + longest }
    return isFirst ? { ...word, start: word.end - longest } : word
  })
}

function medianDuration(words: readonly TimedWord[]): number {
  const durations = words.map((word) => word.end - word.start).filter((duration) => duration > 0)
  if (durations.length === 0) return 0
  durations.sort((a, b) => a - b)
  return Math.min(LONGEST_MEDIAN, durations[durations.length >> 1]!)
}
