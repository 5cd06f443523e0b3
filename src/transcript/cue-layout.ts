/**
 * Words laid out as cues by limits that the caller gives.
 *
 * @see openai/whisper:whisper/utils.py `SubtitlesWriter.iterate_result` — same breaks for the same limits.
 */

import { type Cue, toMs } from './cue.ts'
import { columnsWith, lineText, type ShownWord } from './shown-words.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'

/** Where cues may join words of several segments, so long from one word's start to the next's keeps them apart. */
const LONG_PAUSE_SECONDS = 3

type Line = readonly ShownWord[]

/** The lines of each cue: one cue for each segment unless the options limit cues further. */
export function limitedCues(
  words: readonly ShownWord[],
  { maxLineWidth = Number.POSITIVE_INFINITY, maxLineCount, maxWordsPerLine }: SubtitleOptions,
): Line[][] {
  if (maxLineCount !== undefined) return wrap(words, maxLineWidth, maxLineCount, LONG_PAUSE_SECONDS)
  return bySegment(words)
    .flatMap((segment) => chunks(segment, maxWordsPerLine))
    .flatMap((chunk) => wrap(chunk, maxLineWidth, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))
}

/** Fills lines, and cues with lines; a longer pause than allowed begins a new cue. */
function wrap(words: readonly ShownWord[], maxWidth: number, maxLines: number, maxPauseSeconds: number): Line[][] {
  const cues: ShownWord[][][] = []
  let lines: ShownWord[][] = []
  let columns = 0
  let previous: ShownWord | undefined
  for (const word of words) {
    const isApart =
      previous !== undefined && (word.start - previous.start > maxPauseSeconds || word.channel !== previous.channel)
    const line = lines.at(-1)
    if (line !== undefined && !isApart && columnsWith(columns, word) <= maxWidth) {
      line.push(word)
      columns = columnsWith(columns, word)
    } else {
      if (line === undefined || isApart || lines.length >= maxLines) {
        lines = []
        cues.push(lines)
      }
      lines.push([word])
      columns = word.columns
    }
    previous = word
  }
  return cues
}

/** One cue, or one for each word of it and for each pause between them. */
export function cuesOfLines(lines: readonly Line[], highlightWords: boolean): Cue[] {
  const text = lines.map(lineText).join('\n')
  let at = 0
  const spoken = lines.flatMap((line) =>
    line.map((word, i) => {
      const from = at + (i > 0 && word.isSpaced ? 1 : 0)
      const to = from + word.text.length
      at = i === line.length - 1 ? to + 1 : to
      return { startMs: toMs(word.start), endMs: toMs(word.end), highlight: [from, to] as const }
    }),
  )
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

function bySegment(words: readonly ShownWord[]): ShownWord[][] {
  const segments: ShownWord[][] = [[]]
  for (const word of words) {
    segments.at(-1)!.push(word)
    if (word.endsSegment) segments.push([])
  }
  return segments.filter((segment) => segment.length > 0)
}

function chunks(words: readonly ShownWord[], length = words.length): ShownWord[][] {
  const found: ShownWord[][] = []
  for (let i = 0; i < words.length; i += length) found.push(words.slice(i, i + length))
  return found
}
