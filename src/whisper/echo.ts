/**
 * A prompt that comes back as the text. Without clear speech a model goes on with what it was given before, and is sure of
 * itself; so a text that holds nothing else is asked for once more without the prompt.
 */

import type { DecodedWindow } from './decoded-window.ts'
import type { DecodingOptions } from './options.ts'

/** Of the words of a text, if it is to be taken for the prompt's. */
const LEAST_SHARE = 0.8
/** Average log-probability from which a text needs no proof. Measured: echoes have -0.67 to -1.03, speech above -0.4. */
const SURE = -0.4
/** Of a word in succession, if the text may have fallen into the prompt. */
const LEAST_RUN = 3
/** Of the letter pairs of two texts, if they are to be spellings of one sound. */
const LEAST_LIKENESS = 0.3

/**
 * The text may be no more than the prompt, or may have fallen into it: a word of the prompt again and again.
 *
 * @param isSpeech  speech has been heard in the window; else a sure text is no proof of any.
 */
export function mayBeEcho({ text, avgLogprob }: DecodedWindow, prompt: string, isSpeech: boolean): boolean {
  const words = wordsOf(text)
  const known = new Set(wordsOf(prompt))
  if (words.length === 0 || known.size === 0) return false
  if (hasRun(words, known)) return true
  if (isSpeech && avgLogprob > SURE) return false
  return shareOf(words, known) >= LEAST_SHARE
}

/**
 * Which of two texts of one window stands. Of a text that is all prompt: the prompted one where the other, heard without the
 * prompt, is credible and like it; the other where it is credible alone; or none. Of one that has fallen into the prompt:
 * the other, if it is credible.
 */
export function withoutEcho(
  prompted: DecodedWindow,
  unprompted: DecodedWindow,
  prompt: string,
  { logProbThreshold, noSpeechThreshold }: Pick<DecodingOptions, 'logProbThreshold' | 'noSpeechThreshold'>,
): DecodedWindow | undefined {
  const isCredible =
    unprompted.avgLogprob >= logProbThreshold &&
    unprompted.noSpeechProb <= noSpeechThreshold &&
    unprompted.ended === 'eot'
  if (shareOf(wordsOf(prompted.text), new Set(wordsOf(prompt))) < LEAST_SHARE) return isCredible ? unprompted : prompted
  if (!isCredible) return undefined
  return likeness(prompted.text, unprompted.text) >= LEAST_LIKENESS ? prompted : unprompted
}

function shareOf(words: readonly string[], known: ReadonlySet<string>): number {
  return words.filter((word) => known.has(word)).length / words.length
}

/** Whether a known word stands there so many times in succession that it may not have been said. */
function hasRun(words: readonly string[], known: ReadonlySet<string>): boolean {
  return words.some(
    (word, i) =>
      known.has(word) && words.slice(i, i + LEAST_RUN).filter((other) => other === word).length === LEAST_RUN,
  )
}

/** Share of letter pairs that two texts have in common, 0 to 1. */
function likeness(a: string, b: string): number {
  const [ofA, ofB] = [pairsOf(a), pairsOf(b)]
  const common = [...ofA].filter((pair) => ofB.has(pair)).length
  return (2 * common) / (ofA.size + ofB.size || 1)
}

function pairsOf(text: string): Set<string> {
  const letters = wordsOf(text.normalize('NFD').replace(/\p{M}/gu, '')).join('')
  return new Set(
    letters.length < 2 ? [letters] : Array.from({ length: letters.length - 1 }, (_, i) => letters.slice(i, i + 2)),
  )
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
}
