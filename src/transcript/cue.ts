/** One subtitle, and the rules that hold for a sequence of them in every format. */

/** Text is one or more lines, none of them blank. */
export interface Cue {
  /** Whole milliseconds from the start of the recording. */
  readonly startMs: number
  readonly endMs: number
  readonly text: string
  /** Offsets in `text` of the word that is being spoken, where words are highlighted. */
  readonly highlight: readonly [from: number, to: number] | undefined
  /** In which it was said, where channels are heard apart. */
  readonly channel?: number | undefined
}

/**
 * The cues with times that every player accepts: each at least 1 ms long, none before or overlapping the one before it.
 * Starts are trusted more than ends, so a late end gives way to the next start.
 *
 * @see https://www.w3.org/TR/webvtt1/#webvtt-timings — what WebVTT asks of start and end.
 */
export function withOrderedTimes(cues: readonly Cue[]): Cue[] {
  let earliest = 0
  const starts = cues.map(({ startMs }) => {
    const ordered = Math.max(startMs, earliest)
    earliest = ordered + 1
    return ordered
  })
  return cues.map((cue, i) => {
    const startMs = starts[i]! // one entry for each cue
    const latestEnd = starts[i + 1] ?? Number.POSITIVE_INFINITY
    return { ...cue, startMs, endMs: Math.max(startMs + 1, Math.min(cue.endMs, latestEnd)) }
  })
}

/** Seconds as whole milliseconds. */
export function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}

/** Text without line breaks, tabs and other control characters, any of which would end a cue or a row too early. */
export function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
