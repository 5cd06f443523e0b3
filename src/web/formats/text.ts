/** The words alone. */

import { type Segment, textOf } from '../transcript/transcript.ts'

/** So long a pause begins a new paragraph. */
const PARAGRAPH_PAUSE_SECONDS = 2
/** And so much text without one. */
const PARAGRAPH_CHARACTERS = 600

/** One paragraph, as the service writes it. */
export function writeText(segments: readonly Segment[]): string {
  return `${textOf(segments)}\n`
}

export interface ParagraphText {
  readonly start: number
  readonly text: string
}

/** Paragraphs apart where nobody speaks for a while, none of them endless, for documents that people read. */
export function paragraphsOf(segments: readonly Segment[]): ParagraphText[] {
  const paragraphs: Segment[][] = []
  let [end, characters] = [Number.NEGATIVE_INFINITY, 0]
  for (const segment of segments) {
    if (segment.text.trim() === '') continue
    if (segment.start - end >= PARAGRAPH_PAUSE_SECONDS || characters >= PARAGRAPH_CHARACTERS) {
      paragraphs.push([])
      characters = 0
    }
    paragraphs.at(-1)!.push(segment) // the first pause is endless
    end = segment.end
    characters += segment.text.length
  }
  return paragraphs.map((spoken) => ({ start: spoken[0]!.start, text: textOf(spoken) })) // each has one at least
}
