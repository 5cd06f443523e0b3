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
/** Of the letter pairs of two texts, if they are to be spellings of one sound. */
const LEAST_LIKENESS = 0.3

/** The text may be no more than the prompt. @param isSpeech  speech has been heard in the window; else a sure text is no proof of any. */
export function mayBeEcho({ text, avgLogprob }: DecodedWindow, prompt: string, isSpeech: boolean): boolean {
  const words = wordsOf(text)
  if (words.length === 0 || (isSpeech && avgLogprob > SURE)) return false
  const known = new Set(wordsOf(prompt))
  return words.filter((word) => known.has(word)).length >= LEAST_SHARE * words.length
}

/**
 * Which of two texts of one window stands: the prompted one where the other, heard without the prompt, is credible and like
 * it; the other where it is credible alone; or none.
 */
export function withoutEcho(
  prompted: DecodedWindow,
  unprompted: DecodedWindow,
  { logProbThreshold, noSpeechThreshold }: Pick<DecodingOptions, 'logProbThreshold' | 'noSpeechThreshold'>,
): DecodedWindow | undefined {
  const isCredible =
    unprompted.avgLogprob >= logProbThreshold &&
    unprompted.noSpeechProb <= noSpeechThreshold &&
    unprompted.ended === 'eot'
  if (!isCredible) return undefined
  return likeness(prompted.text, unprompted.text) >= LEAST_LIKENESS ? prompted : unprompted
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
