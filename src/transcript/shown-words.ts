/** The text of segments as words that a line may begin with, each with its times. */

import { columnsOf } from './columns.ts'
import { withoutControls } from './cue.ts'
import { beginsUnspaced, endsUnspaced, unbreakable } from './line-breaks.ts'

/** What subtitles need of a segment; its text may differ from its words where a person has corrected it. */
export interface SpokenSegment {
  /** Seconds from the start of the recording. */
  readonly start: number
  readonly end: number
  readonly text: string
  /** In order, with or without spaces around them. Text that none of them spells gets its share of the time between. */
  readonly words?: readonly { readonly start: number; readonly end: number; readonly word: string }[] | undefined
  /** Code of the language of the text. */
  readonly language?: string | undefined
  /** Of the recording, where channels are transcribed apart: their segments may overlap, and share no cue. */
  readonly channel?: number | undefined
}

/** Text that no line break divides: a word with its marks, or a few characters of a script without spaces. */
export interface ShownWord {
  /** Seconds; no start lies before that of the word before it in its channel. */
  readonly start: number
  readonly end: number
  /** Without spaces around it. */
  readonly text: string
  /** Columns that it takes in a line, as `columnsOf`. */
  readonly columns: number
  /** Whether a space parts it from the word before it in a line. */
  readonly isSpaced: boolean
  readonly endsSegment: boolean
  readonly language: string | undefined
  readonly channel: number | undefined
}

/**
 * All words of the segments, in their order.
 *
 * @param maxColumns  of a line: what is wider, of a script without spaces, is divided anywhere.
 */
export function shownWords(segments: readonly SpokenSegment[], maxColumns: number): ShownWord[] {
  const words: ShownWord[] = []
  const earliest = new Map<number | undefined, number>()
  for (const segment of segments) {
    const { language, channel } = segment
    const text = withoutControls(segment.text).trim()
    const clock = clockOf(segment, text)
    const before = words.at(-1)
    const pieces = unbreakable(text, maxColumns)
    for (const [i, { from, to }] of pieces.entries()) {
      const shown = text.slice(from, to).replace(/ {2,}/g, ' ')
      const start = Math.max(earliest.get(channel) ?? 0, clock.startAt(from))
      earliest.set(channel, start)
      words.push({
        start,
        end: Math.max(start, clock.endAt(to)),
        text: shown,
        columns: Math.max(1, columnsOf(shown)), // so that a line never holds endless words
        isSpaced: i === 0 ? isSpacedFrom(before?.text, shown) : pieces[i - 1]!.to < from,
        endsSegment: i === pieces.length - 1,
        language,
        channel,
      })
    }
  }
  return words
}

/** Columns of a line that ends with `word`, given those before it. */
export function columnsWith(columnsBefore: number, { columns, isSpaced }: ShownWord): number {
  return columnsBefore === 0 ? columns : columnsBefore + (isSpaced ? 1 : 0) + columns
}

/** The words as one line of text. */
export function lineText(words: readonly ShownWord[]): string {
  return words.map(({ text, isSpaced }, i) => (i > 0 && isSpaced ? ` ${text}` : text)).join('')
}

/** Segments come with or without the space that parts them; scripts without spaces have none between them either. */
function isSpacedFrom(before: string | undefined, after: string): boolean {
  return !(before !== undefined && endsUnspaced(before) && beginsUnspaced(after))
}

interface Clock {
  /** Seconds at which the character at this offset begins. Offsets have to ascend from call to call. */
  startAt(offset: number): number
  /** Seconds at which the character before this offset ends; likewise. */
  endAt(offset: number): number
}

/** Times of all characters: the words' where they are known, between them in proportion to the characters. */
function clockOf({ start, end, words = [] }: SpokenSegment, text: string): Clock {
  const marks: (readonly [offset: number, seconds: number])[] = []
  const mark = (offset: number, seconds: number) => marks.push([offset, Math.max(marks.at(-1)?.[1] ?? 0, seconds)])
  mark(0, Math.min(start, words[0]?.start ?? start))
  let at = 0
  for (const word of words) {
    const spelled = withoutControls(word.word).trim()
    const from = spelled === '' ? -1 : text.indexOf(spelled, at)
    if (from < 0) continue
    at = from + spelled.length
    mark(from, word.start)
    mark(at, word.end)
  }
  mark(text.length, end)

  /** Indices of the last mark at or before the offset asked for, and of the first one at or behind it. */
  let [before, behind] = [0, 0]
  return {
    startAt(offset) {
      while (before + 1 < marks.length && marks[before + 1]![0] <= offset) before++
      return between(marks[before]!, marks[before + 1] ?? marks[before]!, offset)
    },
    endAt(offset) {
      while (behind + 1 < marks.length && marks[behind]![0] < offset) behind++
      return between(marks[behind - 1] ?? marks[behind]!, marks[behind]!, offset)
    },
  }
}

function between(
  [offsetA, secondsA]: readonly [number, number],
  [offsetB, secondsB]: readonly [number, number],
  offset: number,
): number {
  if (offset >= offsetB) return secondsB
  if (offset <= offsetA) return secondsA
  return secondsA + ((secondsB - secondsA) * (offset - offsetA)) / (offsetB - offsetA)
}
