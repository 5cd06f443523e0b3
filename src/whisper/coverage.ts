/**
 * Speech that has been left without text. Whisper skips what follows a pause inside a window; the voice activity
 * detection has heard it, so what no word covers is decoded once more on its own.
 */

import type { Span, Window } from './windows.ts'

/** A word's neighbourhood counts as said: alignment is no more exact than this, in seconds. */
const TOLERANCE = 0.5
/** Shorter stretches hold at most a word, and cost a window each. */
const LEAST_UNCOVERED = 1.5
/** A word that is said to take longer has swallowed what was skipped; what it really takes lies at one of its ends. */
const LONGEST_WORD = 2

/** Stretches of the window's speech that are far from all that was said, in order. */
export function uncovered(window: Window, said: readonly Span[]): Span[] {
  let left: readonly Span[] = window.speech
  for (const { start, end } of said) {
    left = left.flatMap((span) => without(span, { start: start - TOLERANCE, end: end + TOLERANCE }))
  }
  return left.filter((span) => span.end - span.start >= LEAST_UNCOVERED)
}

/** Where words were said, as far as it is credible. */
export function spansOfWords(words: readonly Span[]): Span[] {
  return words.map(({ start, end }) => ({
    start,
    end: end - start <= LONGEST_WORD ? end : start + LONGEST_WORD / 2,
  }))
}

function without(span: Span, hole: Span): Span[] {
  if (hole.end <= span.start || hole.start >= span.end) return [span]
  return [
    { start: span.start, end: hole.start },
    { start: hole.end, end: span.end },
  ].filter(({ start, end }) => end > start)
}
