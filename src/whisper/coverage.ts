/**
 * Speech that has been left without text. Whisper skips what follows a pause inside a window, and words that stand alone;
 * the voice activity detection has heard them, so what no word covers is decoded once more on its own.
 */

import type { DecodingOptions } from './options.ts'
import type { TimedWord } from './timed-words.ts'
import type { WindowText } from './window-decoder.ts'
import { type Span, speechSeconds, type Window } from './windows.ts'
import { nSpokenIn, soundOf } from './words.ts'

/** A word's neighbourhood counts as said: alignment is no more exact than this, in seconds. */
const TOLERANCE = 0.5
/** What is left of a stretch in which words were said, its pauses included, is no more than their edges below this. */
const LEAST_UNCOVERED = 1.5
/** Shorter speech between two pauses is a breath or a click. */
const SHORTEST_WORD = 0.15
/** Of speech between two pauses, if it holds a word that was said; of longer speech a word is a smaller part. */
const LEAST_SHARE = 0.2
/** Pauses that are part of what is between two words which were said. */
const LONGEST_PAUSE = 1
/** A word that is said to take longer has swallowed what was skipped; what it really takes lies at one of its ends. */
const LONGEST_WORD = 2
/** Sound on either side of a word that stands alone: its first and last consonants are quieter than speech. */
const MARGIN = 0.3

/**
 * Stretches of the window's speech that were left out, in order: words that stand alone between pauses, and whatever is far
 * from all that was said.
 *
 * @param said  in order.
 */
export function uncovered(window: Window, said: readonly Span[]): Span[] {
  const left = window.speech.flatMap((span) => leftOf(span, said))
  return joined(left, said)
    .filter(({ span, isAlone }) => span.end - span.start >= (isAlone ? SHORTEST_WORD : LEAST_UNCOVERED))
    .map(({ span, isAlone }) => (isAlone ? withMargin(span, window, said) : span))
}

/** Spans in which words were said, as far as they are credible. */
export function spansOfWords(words: readonly (Span & { readonly word: string })[]): Span[] {
  return words.map(({ word, start, end }) => {
    const longest = LONGEST_WORD * nSpokenIn(word)
    return { start, end: end - start <= longest ? end : start + longest / 2 }
  })
}

/** A stretch without text. */
interface Left {
  readonly span: Span
  /** It is speech between two pauses, all of it, and no edge of something that was said. */
  readonly isAlone: boolean
}

function leftOf(span: Span, said: readonly Span[]): Left[] {
  const covered = said.reduce((sum, word) => sum + overlap(span, word), 0)
  const longest = Math.min(span.end - span.start, LEAST_UNCOVERED)
  if (covered < LEAST_SHARE * longest) return [{ span, isAlone: true }]
  let left: readonly Span[] = [span]
  for (const { start, end } of said) {
    left = left.flatMap((part) => without(part, { start: start - TOLERANCE, end: end + TOLERANCE }))
  }
  return left.map((part) => ({ span: part, isAlone: false }))
}

/** Neighbours with nothing but a pause between them are one: Whisper knows more the more it hears. */
function joined(left: readonly Left[], said: readonly Span[]): Left[] {
  const found: Left[] = []
  for (const next of left) {
    const last = found.at(-1)
    const between = last && { start: last.span.end, end: next.span.start }
    const isOne =
      between && between.end - between.start <= LONGEST_PAUSE && !said.some((word) => overlap(between, word) > 0)
    if (last && isOne) {
      const span = { start: last.span.start, end: next.span.end }
      found[found.length - 1] = { span, isAlone: last.isAlone || next.isAlone }
    } else found.push(next)
  }
  return found
}

function withMargin({ start, end }: Span, window: Window, said: readonly Span[]): Span {
  const before = said.findLast((word) => word.end <= start)?.end ?? window.startSeconds
  const after = said.find((word) => word.start >= end)?.start ?? Number.POSITIVE_INFINITY
  return { start: Math.max(start - MARGIN, before, window.startSeconds), end: Math.min(end + MARGIN, after) }
}

function overlap(a: Span, b: Span): number {
  return Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start))
}

function without(span: Span, hole: Span): Span[] {
  if (hole.end <= span.start || hole.start >= span.end) return [span]
  return [
    { start: span.start, end: hole.start },
    { start: hole.end, end: span.end },
  ].filter(({ start, end }) => end > start)
}

// ── what is heard in them ───────────────────────────────────────────────────────────────────────────────────────────

/** Speech that holds more than a word or two, in seconds. */
const LONG_SPEECH = 1.5
/** Of the least average log-probability, what a word that stands alone may have. */
const ALONE = 1.3

/**
 * Whether the text of a stretch is to be kept. What the model skipped once is often no speech after all, so it must be sure of
 * itself. It is never as sure of a word that stands alone as of a sentence, and rightly so; there the probability of silence decides.
 */
export function isBelievable(
  { window, decoded }: WindowText,
  {
    logProbThreshold,
    noSpeechThreshold,
    temperature,
  }: Pick<DecodingOptions, 'logProbThreshold' | 'noSpeechThreshold' | 'temperature'>,
): boolean {
  const { avgLogprob, noSpeechProb, ended } = decoded
  if (ended !== 'eot' || decoded.temperature !== temperature[0]) return false
  if (avgLogprob > logProbThreshold / 2) return true
  if (speechSeconds(window) >= LONG_SPEECH) return avgLogprob > logProbThreshold
  const isLikelySpeech = noSpeechProb < noSpeechThreshold / 2
  return noSpeechProb < noSpeechThreshold && avgLogprob > logProbThreshold * (isLikelySpeech ? ALONE : 1)
}

/**
 * Alignment ended a word before its sound did, or began one behind it, so that a bit of it was heard as a word of its own. Only
 * where all of the text is that word is it more likely said again.
 *
 * @param said  the window's words, without those of the stretch.
 */
export function isSlip({ window, decoded }: WindowText, said: readonly TimedWord[]): boolean {
  if (speechSeconds(window) >= LONG_SPEECH) return false
  const found = soundOf(decoded.text)
  const before = said.findLast(({ start }) => start < window.startSeconds)
  const after = said.find(({ start }) => start >= window.startSeconds)
  const isNeighbour = [before, after].some((word) => word && soundOf(word.word) === found)
  return isNeighbour && said.some(({ word }) => ![found, ''].includes(soundOf(word)))
}

/** The words, the overlong ones cut where they cover others that were said in them. */
export function withRoomFor(others: readonly Span[], words: readonly TimedWord[]): TimedWord[] {
  const credible = spansOfWords(words)
  return words.map((word, i) =>
    others.some((other) => overlap(other, word) > 0) ? { ...word, ...credible[i]! } : word,
  ) // one for each word
}
