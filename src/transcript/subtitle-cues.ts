/** The cues of a subtitle file, in the layout that the options ask for. */

import { balancedLines } from './balanced-lines.ts'
import { type Cue, toMs, withOrderedTimes, withoutControls } from './cue.ts'
import { cuesOfLines, limitedCues } from './cue-layout.ts'
import { LONGEST_CUE_SECONDS, withReadingTimes } from './cue-times.ts'
import { readableCues } from './readable-cues.ts'
import { type SpokenSegment, shownWords } from './shown-words.ts'
import { layoutOf, type SubtitleOptions } from './subtitle-layout.ts'

/** Columns of a line, and lines of a cue, where nothing else is asked for. */
const DEFAULT_LINE_WIDTH = 42
const DEFAULT_LINE_COUNT = 2

/**
 * @param durationSeconds  of the recording; 0 where it is not known.
 * @returns cues in order, none of them empty or overlapping another.
 */
export function subtitleCues(
  segments: readonly SpokenSegment[],
  durationSeconds: number,
  options: SubtitleOptions = {},
): Cue[] {
  const layout = layoutOf(options)
  if (layout === 'segments') return segmentCues(segments)
  const lines = layout === 'readable' ? readableLines(segments, options) : limitedLines(segments, options)
  // Of one channel they are in order; two that speak at once take turns.
  const cues = lines
    .flatMap((cue) => cuesOfLines(cue, options.highlightWords ?? false))
    .sort((a, b) => a.startMs - b.startMs)
  if (options.highlightWords) return withOrderedTimes(cues)
  return withReadingTimes(cues, {
    durationMs: durationSeconds > 0 ? toMs(durationSeconds) : Number.POSITIVE_INFINITY,
    longestMs: layout === 'readable' ? 1000 * LONGEST_CUE_SECONDS : Number.POSITIVE_INFINITY,
  })
}

function readableLines(
  segments: readonly SpokenSegment[],
  { maxLineWidth: maxColumns = DEFAULT_LINE_WIDTH, maxLineCount: maxLines = DEFAULT_LINE_COUNT }: SubtitleOptions,
) {
  const cues = readableCues(shownWords(segments, maxColumns), { maxColumns, maxLines })
  return cues.map((words) => balancedLines(words, maxColumns))
}

function limitedLines(segments: readonly SpokenSegment[], options: SubtitleOptions) {
  return limitedCues(shownWords(segments, options.maxLineWidth ?? Number.POSITIVE_INFINITY), options)
}

/** A cue for each segment, with its times. */
export function segmentCues(segments: readonly SpokenSegment[]): Cue[] {
  const cues = segments.map(({ start, end, text }) => ({
    startMs: toMs(start),
    endMs: toMs(end),
    text: withoutControls(text).trim(),
    highlight: undefined,
  }))
  return withOrderedTimes(cues.filter(({ text }) => text !== ''))
}
