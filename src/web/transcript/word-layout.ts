/** Where the words of a segment stand in its text. */

import type { SpokenText } from './transcript.ts'

/** A stretch of text; `word` is its index among the segment's words, undefined for what stands between them. */
export interface Piece {
  readonly text: string
  readonly word: number | undefined
}

/** Pieces that joined are the text. A word that the text does not have at its turn is left out. */
export function piecesOf({ text, words }: SpokenText): Piece[] {
  const pieces: Piece[] = []
  let shown = 0
  for (const [i, { word }] of words.entries()) {
    const wanted = word.trim()
    const at = wanted === '' ? -1 : text.indexOf(wanted, shown)
    if (at < 0) continue
    if (at > shown) pieces.push({ text: text.slice(shown, at), word: undefined })
    pieces.push({ text: wanted, word: i })
    shown = at + wanted.length
  }
  if (shown < text.length) pieces.push({ text: text.slice(shown), word: undefined })
  return pieces
}
