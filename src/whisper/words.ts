/**
 * Tokens → words, as a reader of the text counts them: what stands between two blanks is a word, with the marks that belong to
 * it, be they set off by a blank or not. What scripts without blanks write is cut as finely as tokens allow.
 *
 * @see docs/decisions/0036-words-and-sentence-ends.md
 */

import { hasSentenceMark } from '../sentence-end.ts'
import { UNSPACED_SCRIPTS } from '../unspaced-scripts.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

/** A word as it is written, with the blank before it, and the tokens that spell it. */
export interface SpelledWord {
  readonly text: string
  readonly tokens: readonly number[]
}

/** What a cut character decodes to; a text may also have it as its own. */
const REPLACEMENT = '\uFFFD'
/** Bytes, and so tokens, that may be missing of a character in UTF-8. */
const MOST_MISSING = 3

/** Words of a text whose joined texts are that text; every mark stands with its word. */
export function splitWords(tokens: readonly number[], language: string, tokenizer: WhisperTokenizer): SpelledWord[] {
  const pieces = splitCharacters(tokens, tokenizer)
  const isBorder = wordBorders(pieces.map(({ text }) => text).join(''), language)
  const words: SpelledWord[] = []
  let place = 0
  for (const piece of pieces) {
    const last = words.at(-1)
    if (last && !isBorder(place)) words[words.length - 1] = joined(last, piece)
    else words.push(piece)
    place += piece.text.length
  }
  return words
}

/** The shortest runs of tokens that decode to whole characters; one character may take several tokens. */
function splitCharacters(tokens: readonly number[], tokenizer: WhisperTokenizer): SpelledWord[] {
  const pieces: SpelledWord[] = []
  let run: number[] = []
  for (const [i, token] of tokens.entries()) {
    run.push(token)
    const text = tokenizer.decode(run)
    const next = tokens.slice(i + 1, i + 1 + MOST_MISSING)
    if (text.includes(REPLACEMENT) && tokenizer.decode([...run, ...next]) !== text + tokenizer.decode(next)) continue
    pieces.push({ text, tokens: run })
    run = []
  }
  return pieces
}

function joined(a: SpelledWord, b: SpelledWord): SpelledWord {
  return { text: a.text + b.text, tokens: [...a.tokens, ...b.tokens] }
}

/**
 * Tells of the places between the pieces of a text, in their order, whether a word begins there. A blank inside a piece counts
 * for the next place.
 */
function wordBorders(text: string, language: string): (place: number) => boolean {
  const chunks = text.match(/\s*\S+(?:\s+$)?/gu) ?? [text]
  let chunk = 0
  let chunkEnd = chunks[0]!.length
  let wordStart = 0
  return (place) => {
    let isBorder = false
    while (chunk + 1 < chunks.length && place >= chunkEnd) {
      chunk++
      isBorder ||= !isSameWord(chunks, chunk, language)
      chunkEnd += chunks[chunk]!.length
    }
    isBorder ||= isBorderInside(text.slice(wordStart, place), text.slice(place, chunkEnd))
    if (isBorder) wordStart = place
    return isBorder
  }
}

/** A chunk of marks alone, Thai's and Lao's of repetition among them; those that are read aloud ("Marks & Spencer") are words. */
const MARKS = /^\s*[[\p{P}--[&@#*\/\\§]]ๆໆ]+\s*$/v
const OPENING_MARKS = /^\s*[\p{Ps}\p{Pi}"'¿¡]+$/u
const DASHES = /^\s*\p{Pd}+$/u

/** Whether the blank before a chunk stands inside a word. */
function isSameWord(chunks: readonly string[], i: number, language: string): boolean {
  if (belongsToNext(chunks, i - 1)) return true
  const [before, after] = [chunks[i - 1]!, chunks[i]!]
  if (MARKS.test(after)) return !belongsToNext(chunks, i) // French "oui ?"
  if (isUnit(chunks, i)) return true
  if (CURRENCY.test(before)) return /^\s+\p{Nd}/u.test(after) && !isUnit(chunks, i - 1)
  return DIGITS.test(before) && MORE_DIGITS.test(after) && (/^\u0020/.test(after) ? groupsByBlanks(language) : true)
}

/** Marks that open a quotation, a question, a line of dialogue or the text. The last chunk has no next one. */
function belongsToNext(chunks: readonly string[], i: number): boolean {
  const chunk = chunks[i]!
  if (i === chunks.length - 1 || !MARKS.test(chunk)) return false
  return i === 0 || OPENING_MARKS.test(chunk) || (DASHES.test(chunk) && hasSentenceMark(chunks[i - 1]!))
}

/** "R$ 3,50" */
const CURRENCY = /(?:^|[\s\p{Ps}\p{Pi}])[A-Z]{0,3}\p{Sc}$/u
/** "3,50 €", "20 °C" */
const UNIT = /^\s+(?:\p{Sc}|°\p{L}?)\p{P}*\s*$/u
/** "10 000" */
const DIGITS = /^\s*[\p{Ps}\p{Pi}\p{Sc}\p{Pd}]*\p{Nd}{1,3}$/u
const MORE_DIGITS = /^\s\p{Nd}{3}(?!\p{Nd})/u

function isUnit(chunks: readonly string[], i: number): boolean {
  return i > 0 && UNIT.test(chunks[i]!) && /\p{Nd}$/u.test(chunks[i - 1]!)
}

/** Whether a language writes a million as 1 000 000. A blank that does not break says so by itself. */
function groupsByBlanks(language: string): boolean {
  const parts = new Intl.NumberFormat([language, 'en']).formatToParts(1_000_000)
  return parts.some(({ type, value }) => type === 'group' && /^\s$/.test(value))
}

/** Letters of scripts that put no blanks between words. */
const UNSPACED = `[\\p{L}&&[${UNSPACED_SCRIPTS}]]`
/** The letter or digit before a place, over marks and symbols; and the one behind it, over what opens. */
const UNSPACED_BEFORE = new RegExp(`${UNSPACED}[^\\p{L}\\p{N}]*$`, 'v')
const UNSPACED_BEHIND = new RegExp(`^[\\p{Ps}\\p{Pi}]*${UNSPACED}`, 'v')

/**
 * What begins no word: closing marks, combining ones, marks of length and repetition (ー 々 ๆ), small kana, vowels that Thai
 * and Lao write behind their consonant.
 *
 * @see https://www.w3.org/TR/jlreq/#characters_not_starting_a_line
 */
const BEGINS_NO_WORD =
  /^[[\p{P}--[\p{Ps}\p{Pi}¿¡]]\p{M}\p{Lm}~～\u200C\u200Dぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿｧ-ｯะาำๅฯະາຳຽຯ]/v
/** What ends no word: opening marks, vowels that Thai and Lao write before their consonant, the sign that stacks the next one. */
const ENDS_NO_WORD = /(?:[\p{Ps}\p{Pi}¿¡เแโใไເແໂໃໄ\u1039\u17D2]|\u200D)$/u
/** Marks that no blank follows where one is forgotten or, as with a dash, not usual. A point may stand inside a word. */
const BREAKING_MARK =
  /[\p{L}\p{M}\p{N}][^\p{L}\p{M}\p{N}]*(?:[,;?!…—―，、；：。！？｡،؛؟۔।॥፡።፣፤፥፦፧]|\.{2}|-{2})[^\p{L}\p{M}\p{N}]*$/u
/** Links and addresses of mail, in which "?" and "," are letters like others. */
const ADDRESS = /:\/\/|@|^\s*www\./

/** Whether a word begins where no blank stands: between a word so far and the rest of its chunk. */
function isBorderInside(word: string, rest: string): boolean {
  if (!/[\p{L}\p{N}\p{S}]/u.test(word) || !/^\S/u.test(rest)) return false
  if (BEGINS_NO_WORD.test(rest) || ENDS_NO_WORD.test(word)) return false
  if (/\p{Sc}$/u.test(word) && /^\p{Nd}/u.test(rest)) return false
  if (UNSPACED_BEFORE.test(word) || UNSPACED_BEHIND.test(rest)) return true
  if (ADDRESS.test(word)) return false
  return /^[¿¡]/.test(rest) || (/^[\p{Ps}\p{Pi}]*\p{L}/u.test(rest) && BREAKING_MARK.test(word))
}

/** What is heard of a word as it is written: neither case nor marks nor blanks. */
export function soundOf(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '')
}

/** Words that are said for one that is written: "8-8-8" are three, and of a number each digit may be one. */
export function nSpokenIn(word: string): number {
  return Math.max(1, word.match(/\p{Nd}|[^\p{Nd}\p{Pd}\s]*\p{L}[^\p{Nd}\p{Pd}\s]*/gu)?.length ?? 1)
}
