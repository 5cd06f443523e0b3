/**
 * Where a line of text may end, and where it does so best.
 *
 * @see https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617 — "Line Treatment": after punctuation, before
 *      conjunctions and prepositions; articles, pronouns and auxiliaries stay with what they belong to.
 * @see https://www.unicode.org/reports/tr14/ — marks and small kana that begin no line.
 */

import { endsSentence, hasSentenceMark } from '../sentence-end.ts'
import { UNSPACED_SCRIPTS } from '../unspaced-scripts.ts'
import { columnsOf } from './columns.ts'
import { leansOnNext } from './function-words.ts'

/** A part of a text: offsets of its first character, and behind its last one. */
export interface Piece {
  readonly from: number
  readonly to: number
}

/** Scripts that put no space between words, with their marks. */
const UNSPACED = `[${UNSPACED_SCRIPTS}\\u3000-\\u303f\\uff00-\\uffef]`
const HAS_UNSPACED = new RegExp(UNSPACED, 'u')
const BEGINS_UNSPACED = new RegExp(`^${UNSPACED}`, 'u')
const ENDS_UNSPACED = new RegExp(`${UNSPACED}\\p{M}*$`, 'u')

/** Marks that close or follow something, small kana and signs of repetition, dashes and apostrophes: none begins a line. */
const CLOSING =
  '\\p{M}\\p{Pe}\\p{Pf}!"\'%,.:;?\\u2026\\u2025\\u2030\\u2103\\u00b0\\u00b7\\u2019\\u060c\\u061b\\u061f\\u06d4\\u0589\\u0964\\u0965\\u1362' +
  '、。，．・：；？！％～〜々〻ーゝゞヽヾぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿ゛゜ｰｧ-ｯ｡｣､･ﾞﾟ' +
  'ๆฯໆ។៕ៗ་།\\p{Pd}'
const BEGINS_CLOSING = new RegExp(`^[${CLOSING}]`, 'u')
const ONLY_CLOSING = new RegExp(`^[${CLOSING}]+$`, 'u')
/** Brackets, quotation marks and signs of currency that open something: none ends a line. */
const OPENING = '\\p{Ps}\\p{Pi}\\p{Sc}¿¡#＃＠'
const ENDS_OPENING = new RegExp(`[${OPENING}]$`, 'u')
const ONLY_OPENING = new RegExp(`^[${OPENING}]+$`, 'u')
const ONLY_DASH = /^\p{Pd}+$/u
/** A dash, an apostrophe or a dot, alone or before a word. */
const LEADS_ON = /^(?:\p{Pd}+|['’.…]+)(?:$|[\p{L}\p{N}])/u

const CLAUSE_END = /[,;:、，；：،؛\p{Pd}]["'\p{Pe}\p{Pf}]*$/u

export function beginsUnspaced(text: string): boolean {
  return BEGINS_UNSPACED.test(text)
}

export function endsUnspaced(text: string): boolean {
  return ENDS_UNSPACED.test(text)
}

/**
 * The parts of a text between which a line may end, without the spaces around them.
 *
 * @param maxColumns  of a line: a wider part of a script without spaces ends between any two characters.
 */
export function unbreakable(text: string, maxColumns: number): Piece[] {
  const pieces: Piece[] = []
  // A space that does not break is no place to break either.
  for (const { 0: token, index } of text.matchAll(/(?:\S|[\u00a0\u202f\ufeff])+/g)) {
    if (token.trim() === '') continue
    const whole = { from: 0, to: token.length }
    for (const { from, to } of HAS_UNSPACED.test(token) ? unspacedPieces(token, maxColumns) : [whole]) {
      const piece = { from: index + from, to: index + to }
      const last = pieces.at(-1)
      if (last && belongTogether(endOf(text, last), text.slice(piece.from, piece.to))) {
        pieces[pieces.length - 1] = { from: last.from, to: piece.to }
      } else pieces.push(piece)
    }
  }
  return pieces
}

/** As much of a part as decides; one that has grown long is not looked at again and again. */
function endOf(text: string, { from, to }: Piece): string {
  return text.slice(Math.max(from, to - 16), to)
}

/** Across a space: a lone mark, as French has them, and what begins with a dash, unless that is a speaker's turn. */
function belongTogether(before: string, after: string): boolean {
  if (ONLY_OPENING.test(before) || ONLY_DASH.test(before)) return true
  if (LEADS_ON.test(after)) return !hasSentenceMark(before)
  return (
    /^[,;:!?]/.test(after) || ONLY_CLOSING.test(after) || (/^\p{Sc}[.,;:!?]*$/u.test(after) && /\p{Nd}$/u.test(before))
  )
}

/** By the words of the dictionary; letters and digits of other scripts stay whole. */
function unspacedPieces(token: string, maxColumns: number): Piece[] {
  return divided(token, 'word').flatMap(({ from, to }) => {
    const word = token.slice(from, to)
    if (2 * word.length <= maxColumns || columnsOf(word) <= maxColumns) return [{ from, to }]
    return divided(word, 'grapheme').map((piece) => ({ from: from + piece.from, to: from + piece.to }))
  })
}

function divided(text: string, granularity: 'word' | 'grapheme'): Piece[] {
  const pieces: Piece[] = []
  for (const { segment, index } of segmenter(granularity).segment(text)) {
    const last = pieces.at(-1)
    const before = last && endOf(text, last)
    const isBorder =
      before !== undefined &&
      (endsUnspaced(before) || beginsUnspaced(segment)) &&
      !BEGINS_CLOSING.test(segment) &&
      !ENDS_OPENING.test(before) &&
      !/\p{Nd}$/u.test(before) // 3月
    if (last && !isBorder) pieces[pieces.length - 1] = { from: last.from, to: index + segment.length }
    else pieces.push({ from: index, to: index + segment.length })
  }
  return pieces
}

const segmenters = new Map<string, Intl.Segmenter>()

/** Made when a script needs it; the dictionaries do not depend on the locale. */
function segmenter(granularity: 'word' | 'grapheme'): Intl.Segmenter {
  let known = segmenters.get(granularity)
  if (known === undefined) {
    known = new Intl.Segmenter('en', { granularity })
    segmenters.set(granularity, known)
  }
  return known
}

/** Text before a break, and the text after it. */
interface Side {
  readonly text: string
  readonly isSpaced: boolean
  readonly language: string | undefined
}

/** Whether a sentence ends between two words. */
export function endsBetween(before: Pick<Side, 'text'>, after: Pick<Side, 'text' | 'isSpaced'>): boolean {
  const words = [...before.text.split(/(?= )/), `${after.isSpaced ? ' ' : ''}${after.text}`].map((word) => ({ word }))
  return endsSentence(words, words.length - 2, 0)
}

/** How bad a break is between two words: 0 between sentences, 3 between any two words, more where they belong together. */
export function breakCost(before: Side, after: Side): number {
  if (endsBetween(before, after)) return 0
  if (CLAUSE_END.test(before.text)) return 1
  if (after.isSpaced && endsUnspaced(before.text) && beginsUnspaced(after.text)) return 1 // as Thai parts its phrases
  if (leansOnNext(before.text, before.language)) return 7
  if (leansOnNext(after.text, after.language)) return 2
  // A Japanese particle or ending belongs to what it follows, and a foreign word may have several parts.
  if (!after.isSpaced && /^\p{Script=Hiragana}/u.test(after.text)) return 6
  if (!after.isSpaced && /ー?\p{Script=Katakana}ー?$/u.test(before.text) && /^\p{Script=Katakana}/u.test(after.text))
    return 6
  if (!after.isSpaced && /\p{Script=Hiragana}$/u.test(before.text)) return 2
  const isName = /^\p{Lu}/u.test(before.text) && /^\p{Lu}/u.test(after.text)
  return isName ? 5 : 3
}
