/** One text from segments, as they come. */

import { isWrittenWithoutSpaces } from '../language-table.ts'
import type { Segment } from './transcription.ts'

/**
 * Tells what each segment adds to the text, so that all the pieces together are the whole text, trimmed. Tokens carry
 * their own spaces; where a window's text begins without one, the language decides whether to add it.
 */
export class TextJoiner {
  #hasText = false
  /** Blanks at the end, which are a part of the text only if more follows. */
  #held = ''

  push({ text, language }: Pick<Segment, 'text' | 'language'>): string {
    const needsSpace = this.#hasText && this.#held === '' && !/^\s/.test(text) && !isWrittenWithoutSpaces(language)
    const added = this.#hasText ? `${this.#held}${needsSpace ? ' ' : ''}${text}` : text.trimStart()
    const piece = added.trimEnd()
    this.#held = piece === '' && !this.#hasText ? '' : added.slice(piece.length)
    this.#hasText ||= piece !== ''
    return piece
  }
}

export function joinTexts(segments: readonly Pick<Segment, 'text' | 'language'>[]): string {
  const joiner = new TextJoiner()
  return segments.map((segment) => joiner.push(segment)).join('')
}
