/**
 * Words with their times, from the alignment of a window's tokens.
 *
 * @see openai/whisper:whisper/timing.py `add_word_timestamps`
 */

import { endsSentence } from '../sentence-end.ts'
import type { Word } from '../transcript/index.ts'
import { SECONDS_PER_POSITION } from '../whisper-constants.ts'
import { type AlignmentScores, tokenTimes } from './alignment.ts'
import type { Span } from './windows.ts'
import { nSpokenIn, type SpelledWord } from './words.ts'

/** A word, and the tokens that spell it. */
export interface TimedWord extends Word {
  readonly tokens: readonly number[]
}

/** No word takes longer than twice the median, what stands for several as often as that, and the median itself is taken as at most this, in seconds. */
const LONGEST_MEDIAN = 0.7
/** No word takes less than a position of the encoder, in seconds. */
const SHORTEST_WORD = SECONDS_PER_POSITION

/** First and last consonants are quieter than what detection hears as speech, for so many seconds. */
const EDGE = 0.1

/** Facts of a window that its words' times depend on. */
export interface WindowTiming {
  /** Start of the window in the recording. */
  readonly startSeconds: number
  /** Encoder positions that hold the recording. */
  readonly nPositions: number
  /** Spans of speech in the window, in the recording's time. */
  readonly speech: readonly Span[]
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
  { startSeconds, nPositions, speech, areCandidates }: WindowTiming,
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
    return { word: text, tokens, start: startSeconds + times[from]!, end: startSeconds + times[place]!, probability }
  })
  const span = { start: startSeconds, end: startSeconds + nPositions * SECONDS_PER_POSITION }
  return lasting(shortened(spoken(timed, speech)), span)
}

/**
 * Without the pauses before and after what is spoken of each word: the alignment has to put them somewhere, such as the
 * silence that a window begins with into its first word.
 */
function spoken(words: readonly TimedWord[], speech: readonly Span[]): TimedWord[] {
  return words.map((word) => {
    const heard = speech.filter(
      ({ start, end }) => start < word.end - SHORTEST_WORD && end > word.start + SHORTEST_WORD,
    )
    const [first, last] = [heard[0], heard.at(-1)]
    if (!first || !last) return word
    const start = Math.max(word.start, first.start - EDGE)
    return { ...word, start, end: Math.max(start + SHORTEST_WORD, Math.min(word.end, last.end + EDGE)) }
  })
}

/**
 * The words one after the other inside `span`, none shorter than a position. The path through the attention may go straight down,
 * which leaves words without any time: they get theirs from their neighbours. All other words keep their times.
 */
export function lasting<T extends Span>(words: readonly T[], span: Span): T[] {
  const least = Math.min(SHORTEST_WORD, (span.end - span.start) / words.length)
  let earliest = span.start
  const ordered = words.map((word) => {
    const start = Math.max(word.start, earliest)
    earliest = Math.max(word.end, start + least)
    return { ...word, start, end: earliest }
  })
  let latest = span.end
  for (const [i, word] of [...ordered.entries()].reverse()) {
    const end = Math.min(word.end, latest)
    latest = Math.min(word.start, end - least)
    ordered[i] = { ...word, start: latest, end }
  }
  return ordered
}

/** A pause at a sentence's border is no part of the words beside it, though the alignment has to put it somewhere. */
function shortened(words: readonly TimedWord[]): TimedWord[] {
  const usual = 2 * medianDuration(words)
  if (usual === 0) return [...words]
  return words.map((word, i) => {
    const longest = usual * nSpokenIn(word.word)
    if (word.end - word.start <= longest) return word
    const pause = word.end - word.start - longest
    if (endsSentence(words, i, pause)) return { ...word, end: word.start + longest }
    const isFirst = i === 0 || endsSentence(words, i - 1, pause)
    return isFirst ? { ...word, start: word.end - longest } : word
  })
}

function medianDuration(words: readonly TimedWord[]): number {
  const durations = words.map((word) => word.end - word.start).filter((duration) => duration > 0)
  if (durations.length === 0) return 0
  durations.sort((a, b) => a - b)
  return Math.min(LONGEST_MEDIAN, durations[durations.length >> 1]!)
}
