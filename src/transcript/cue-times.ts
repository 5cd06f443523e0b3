/**
 * How long cues stay: long enough to be read, where the next one leaves the time.
 *
 * @see docs/subtitles.md — the figures, beside those of the trade.
 */

import { columnsOf } from './columns.ts'
import { type Cue, withOrderedTimes } from './cue.ts'

export const LONGEST_CUE_SECONDS = 7
export const SHORTEST_CUE_SECONDS = 1
/** Reading speed; a column is half a Chinese, Japanese or Korean character. */
export const COLUMNS_PER_SECOND = 20

/** A cue stays so long behind its last word. */
const LINGER_MS = 200
/** Two frames of film between cues, so that a change is seen to be one. */
const GAP_MS = 84
/** A longer gap stays; a shorter one would only flicker, and is closed to `GAP_MS`. */
const SHORTEST_PAUSE_MS = 500

/**
 * The cues with ordered times that do not overlap, each held into the pause behind it: for the time that its text takes to
 * read, and a little behind its last word. Two frames stay free before the next cue, unless the text needs them.
 *
 * @param durationMs  of the recording; no cue is held beyond it.
 * @param longestMs   a cue that is spoken longer ends too early rather than stay longer.
 */
export function withReadingTimes(
  cues: readonly Cue[],
  { durationMs, longestMs }: { readonly durationMs: number; readonly longestMs: number },
): Cue[] {
  const ordered = withOrderedTimes(cues)
  return ordered.map((cue, i) => {
    const { startMs, endMs, text } = cue
    const next = ordered[i + 1]?.startMs
    const over = durationMs > startMs ? durationMs : Number.POSITIVE_INFINITY // else it cannot be right
    const latest = Math.min(next ?? over, startMs + longestMs)
    const latestApart = next === undefined ? latest : Math.min(latest, next - GAP_MS)
    const readMs = Math.max(
      1000 * SHORTEST_CUE_SECONDS,
      (1000 * columnsOf(text.replaceAll('\n', ' '))) / COLUMNS_PER_SECOND,
    )
    const read = Math.min(startMs + Math.ceil(readMs), latest)
    const held = Math.max(read, Math.min(endMs + LINGER_MS, latestApart))
    if (next === undefined || next - held >= SHORTEST_PAUSE_MS) return { ...cue, endMs: held }
    return { ...cue, endMs: held > latestApart ? latest : latestApart }
  })
}
