/**
 * Words laid out as cues of limited lines.
 *
 * @see openai/whisper:whisper/utils.py `SubtitlesWriter.iterate_result` — same breaks for the same limits.
 */

import { type Cue, toMs, withoutControls } from './cue.ts'
import type { SubtitleOptions } from './subtitle-options.ts'
import type { Segment } from './transcription.ts'

/** Where cues may join words of several segments, so long from one word's start to the next's keeps them apart. */
const LONG_PAUSE_SECONDS = 3

/** A word as it is shown: with the space before it, but none behind it. */
interface ShownWord {
  readonly start: number
  readonly end: number
  readonly text: string
}

type Line = ShownWord[]

/** One cue for each segment unless the options limit cues further; their times are those of the words. */
export function laidOutCues(segments: readonly Segment[], options: SubtitleOptions): Cue[] {
  return cueLines(segments, options).flatMap((lines) => cuesOfLines(lines, options.highlightWords ?? false))
}

/** The lines of each cue. */
function cueLines(
  segments: readonly Segment[],
  { maxLineWidth = Number.POSITIVE_INFINITY, maxLineCount, maxWordsPerLine }: SubtitleOptions,
): Line[][] {
  if (maxLineCount !== undefined) return wrap(flowingWords(segments), maxLineWidth, maxLineCount, LONG_PAUSE_SECONDS)
  return segments
    .flatMap((segment) => chunks(shownWords(segment), maxWordsPerLine))
    .flatMap((words) => wrap(words, maxLineWidth, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))
}

/** Fills lines, and cues with lines; a longer pause than allowed begins a new cue. */
function wrap(words: readonly ShownWord[], maxWidth: number, maxLines: number, maxPauseSeconds: number): Line[][] {
  const cues: Line[][] = []
  let lines: Line[] = []
  let width = 0
  let previousStart = Number.POSITIVE_INFINITY
  for (const word of words) {
    const isAfterPause = word.start - previousStart > maxPauseSeconds
    const line = lines.at(-1)
    if (line !== undefined && !isAfterPause && width + lengthOf(word.text) <= maxWidth) {
      line.push(word)
      width += lengthOf(word.text)
    } else {
      if (line === undefined || isAfterPause || lines.length >= maxLines) {
        lines = []
        cues.push(lines)
      }
      const first = { ...word, text: word.text.trimStart() }
      lines.push([first])
      width = lengthOf(first.text)
    }
    previousStart = word.start
  }
  return cues
}

/** One cue, or one for each word of it and for each pause between them. */
function cuesOfLines(lines: readonly Line[], highlightWords: boolean): Cue[] {
  let text = ''
  const spoken = lines.flatMap((line, i) => {
    if (i > 0) text += '\n'
    return line.map((word) => {
      text += word.text
      const from = text.length - word.text.trimStart().length
      return { startMs: toMs(word.start), endMs: toMs(word.end), highlight: [from, text.length] as const }
    })
  })
  const { startMs } = spoken[0]! // a cue is begun only for a word that goes into it
  if (!highlightWords) return [{ startMs, endMs: spoken.at(-1)!.endMs, text, highlight: undefined }]

  const cues: Cue[] = []
  let shownUntilMs = startMs
  for (const word of spoken) {
    if (word.startMs > shownUntilMs) {
      cues.push({ startMs: shownUntilMs, endMs: word.startMs, text, highlight: undefined })
    }
    cues.push({ ...word, text })
    shownUntilMs = word.endMs
  }
  return cues
}

/** The words of all segments as one text: a segment's first word may come without the space that belongs before it. */
function flowingWords(segments: readonly Segment[]): ShownWord[] {
  const bySegment = segments.map(shownWords)
  const isSpaced = bySegment.some((words) => words.slice(1).some(({ text }) => /^\s/.test(text)))
  if (!isSpaced) return bySegment.flat()
  return bySegment.flatMap((words) => words.map((word, i) => (i === 0 ? withSpaceBefore(word) : word)))
}

function withSpaceBefore(word: ShownWord): ShownWord {
  return { ...word, text: ` ${word.text.trimStart()}` }
}

/** A segment that could not be aligned counts as one long word, so that none of its text is lost. */
function shownWords({ start, end, text, words }: Segment): ShownWord[] {
  return (words?.length ? words : [{ start, end, word: text }])
    .map((word) => ({ start: word.start, end: word.end, text: withoutControls(word.word).trimEnd() }))
    .filter((word) => word.text !== '')
}

function chunks(words: readonly ShownWord[], length = words.length): ShownWord[][] {
  const found: ShownWord[][] = []
  for (let i = 0; i < words.length; i += length) found.push(words.slice(i, i + length))
  return found
}

/** Characters as a reader counts them, more or less: one for what takes two units of UTF-16. */
function lengthOf(text: string): number {
  return [...text].length
}
