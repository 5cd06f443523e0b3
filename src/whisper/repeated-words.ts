/**
 * What people say again and again, told from a loop of the decoder by its times: a round that was said has a stretch of sound
 * of its own, about as long as the others, and often a pause beside it; rounds that were not are squeezed into the rest of one that was.
 */

import type { Span } from './windows.ts'
import { type SpelledWord, soundOf } from './words.ts'

/** Words of the longest phrase whose rounds are looked at. */
const LONGEST_PHRASE = 8
/** As many rounds as make a loop; fewer are not doubted. */
const LEAST_ROUNDS = 4
/** Of the usual round, in seconds of speech. Measured: rounds that were said take from half of it, others from none to a third. */
const LEAST_SHARE = 0.45
/** Seconds of a letter when people speak as fast as they can: fifteen syllables a second would be too many. */
const LETTER = 0.025
/** Rounds below this do not tell how long the usual one takes: alignment puts all that has no sound into the same 20 ms. */
const SHORTEST_ROUND = 0.1

type AlignedWord = Pick<SpelledWord, 'tokens'> & Span & { readonly word: string }

export interface Repetition {
  /** Rounds of all phrases that are repeated at least four times in succession. */
  readonly nRounds: number
  /** Those of them that have a stretch of sound. */
  readonly nHeard: number
  /** For each word whether it is to stay: false in rounds that were not heard. */
  readonly isHeard: readonly boolean[]
  /** For each word whether it belongs to a round after a phrase's first. */
  readonly isRepeated: readonly boolean[]
}

/**
 * @param words   of a window, aligned, in order.
 * @param speech  spans of speech in the window.
 */
export function repetitionOf(words: readonly AlignedWord[], speech: readonly Span[]): Repetition {
  const isHeard = words.map(() => true)
  const isRepeated = words.map(() => false)
  let [nRounds, nHeard] = [0, 0]
  const spoken = withoutMarks(words)
  for (let i = 0; i < spoken.length; ) {
    const run = runAt(spoken, i)
    if (!run) {
      i++
      continue
    }
    const rounds = roundsOf(spoken, i, run, words.length)
    const seconds = rounds.map(({ from, to }) => secondsOf(words, from, to, speech))
    const letters = spoken.slice(i, i + run.period).reduce((sum, { sound }) => sum + sound.length, 0)
    const heard = heardRounds(
      seconds,
      letters * LETTER,
      run.period,
      stretchesOf(words, rounds[0]!.from, rounds.at(-1)!.to, speech),
    )
    for (const [round, { from, to }] of rounds.entries()) {
      isRepeated.fill(round > 0, from, to)
      isHeard.fill(heard[round]!, from, to) // one for each round
    }
    nRounds += rounds.length
    nHeard += heard.filter(Boolean).length
    i += run.period * run.nRounds
  }
  return { nRounds, nHeard, isHeard, isRepeated }
}

/** A word without case and marks, and its place. */
interface SpokenWord {
  readonly sound: string
  readonly index: number
}

function withoutMarks(words: readonly AlignedWord[]): SpokenWord[] {
  return words.map(({ word }, index) => ({ sound: soundOf(word), index })).filter(({ sound }) => sound !== '')
}

interface Run {
  readonly period: number
  readonly nRounds: number
}

/** The shortest phrase that is repeated from a word on. */
function runAt(spoken: readonly SpokenWord[], from: number): Run | undefined {
  for (let period = 1; period <= LONGEST_PHRASE; period++) {
    let end = from + period
    while (end < spoken.length && spoken[end]!.sound === spoken[end - period]!.sound) end++
    const nRounds = Math.floor((end - from) / period)
    if (nRounds >= LEAST_ROUNDS) return { period, nRounds }
  }
  return undefined
}

/** First word and the word behind the last of each round; marks belong to the word before them. */
function roundsOf(spoken: readonly SpokenWord[], from: number, { period, nRounds }: Run, nWords: number) {
  const place = (i: number) => spoken[i]?.index ?? nWords
  return Array.from({ length: nRounds }, (_, round) => ({
    from: place(from + round * period),
    to: place(from + (round + 1) * period),
  }))
}

/** Speech between the beginnings of a round and of what follows it. */
function secondsOf(words: readonly AlignedWord[], from: number, to: number, speech: readonly Span[]): number {
  const start = words[from]!.start
  const end = words[to]?.start ?? words.at(-1)!.end // there is a word, that of the round
  return speech.reduce((sum, span) => sum + Math.max(0, Math.min(end, span.end) - Math.max(start, span.start)), 0)
}

/** Lengths of the stretches of speech between pauses in which a run was said. */
function stretchesOf(words: readonly AlignedWord[], from: number, to: number, speech: readonly Span[]): number[] {
  const [start, end] = [words[from]!.start, words[to]?.start ?? words.at(-1)!.end] // there is a word, as above
  return speech
    .map((span) => Math.min(end, span.end) - Math.max(start, span.start))
    .filter((length) => length >= SHORTEST_ROUND)
}

/**
 * For each round whether it was heard. Pauses tell the number of rounds better than alignment, whose borders may lie inside
 * a word; without pauses their lengths tell it.
 */
function heardRounds(
  seconds: readonly number[],
  shortest: number,
  period: number,
  stretches: readonly number[],
): boolean[] {
  const usual = median(seconds.filter((length) => length >= SHORTEST_ROUND)) ?? Number.POSITIVE_INFINITY
  const nLong = seconds.filter((length) => length >= Math.max(shortest, LEAST_SHARE * usual)).length
  const least = Math.floor(stretches.length / period)
  const most = stretches.length < LEAST_ROUNDS ? seconds.length : nWordsIn(stretches)
  const nHeard = Math.min(seconds.length, Math.max(1, least, Math.min(nLong, most)))
  // The first is what the others repeat, so it stays in any case.
  const byLength = [...seconds.keys()].sort((a, b) => Number(b === 0) - Number(a === 0) || seconds[b]! - seconds[a]!)
  const heard = new Set(byLength.slice(0, nHeard))
  return seconds.map((_, round) => heard.has(round))
}

/** One that is twice as long as usual holds two. */
function nWordsIn(stretches: readonly number[]): number {
  const usual = median(stretches)! // there are some
  return stretches.reduce((sum, length) => sum + Math.max(1, Math.round(length / usual)), 0)
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
