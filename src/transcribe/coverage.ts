/**
 * Speech that has been left without text. Whisper skips what follows a pause inside a window; the voice activity
 * detection has heard it, so what no word covers is decoded once more on its own.
 */

import type { TimedWord } from './timed-words.ts'
import type { Span, Window } from './windows.ts'

/** A word's neighbourhood counts as said: alignment is no more exact than this, in seconds. */
const TOLERANCE = 0.5
/** Shorter stretches hold at most a word, and cost a window each. */
const LEAST_UNCOVERED = 1.5
/** A word that is said to take longer has swallowed what was skipped; what it really takes lies at one of its ends. */
const LONGEST_WORD = 2

/** Stretches of the window's speech that are far from every word, in order. */
export function uncovered(window: Window, words: readonly TimedWord[]): Span[] {
  let left: Span[] = [...window.speech]
  for (const word of words) left = left.flatMap((span) => without(span, reach(word)))
  return left.filter((span) => span.end - span.start >= LEAST_UNCOVERED)
}

function reach(word: TimedWord): Span {
  const isCredible = word.end - word.start <= LONGEST_WORD
  const end = isCredible ? word.end : word.start + LONGEST_WORD / 2
  return { start: word.start - TOLERANCE, end: end + TOLERANCE }
}

function without(span: Span, hole: Span): Span[] {
  if (hole.end <= span.start || hole.start >= span.end) return [span]
  return [
    { start: span.start, end: hole.start },
    { start: hole.end, end: span.end },
  ].filter(({ start, end }) => end > start)
}
