/** Subtitles, and how a file of them is written; the page writes its files by it too. */

/** Text is one or more lines, none of them blank. */
export interface Cue {
  /** Whole milliseconds from the start of the recording. */
  readonly startMs: number
  readonly endMs: number
  readonly text: string
  /** Offsets in `text` of the word that is being spoken, where words are highlighted. */
  readonly highlight: readonly [from: number, to: number] | undefined
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

/** One cue for each segment that has text, with times that every player accepts. */
export function segmentCues(
  segments: readonly { readonly start: number; readonly end: number; readonly text: string }[],
): Cue[] {
  const cues = segments.map(({ start, end, text }) => ({
    startMs: toMs(start),
    endMs: toMs(end),
    text: withoutControls(text).trim(),
    highlight: undefined,
  }))
  return withOrderedTimes(cues.filter(({ text }) => text !== ''))
}

interface SubtitleFormat {
  readonly header: string
  /** Between seconds and milliseconds. */
  readonly point: string
  readonly encode: (text: string) => string
}

const FORMATS: Readonly<Record<'srt' | 'vtt', SubtitleFormat>> = {
  // SubRip has no way to write its own arrow or a tag as text: the arrow is shortened as openai/whisper does it, tags
  // stay for the player to judge.
  srt: { header: '', point: ',', encode: (text) => text.replace(/-{2,}>/g, '->') },
  vtt: {
    header: 'WEBVTT\n\n',
    point: '.',
    encode: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  },
}

/** A whole file in SubRip (`srt`) or WebVTT. */
export function subtitleFile(format: 'srt' | 'vtt', cues: readonly Cue[]): string {
  const { header, point, encode } = FORMATS[format]
  const blocks = cues.map((cue, i) => {
    const times = `${clockTime(cue.startMs, point)} --> ${clockTime(cue.endMs, point)}`
    return `${i + 1}\n${times}\n${withHighlight(cue, encode)}\n\n`
  })
  return header + blocks.join('')
}

/** `00:01:02,345`, with more digits of hours where there are more. */
function clockTime(ms: number, point: string): string {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60]
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}${point}${String(ms % 1000).padStart(3, '0')}`
}

/** The parts are encoded on their own, since the tags between them are the only ones that are meant. */
function withHighlight({ text, highlight }: Cue, encode: (text: string) => string): string {
  if (highlight === undefined) return encode(text)
  const [from, to] = highlight
  return `${encode(text.slice(0, from))}<u>${encode(text.slice(from, to))}</u>${encode(text.slice(to))}`
}

/** Seconds as whole milliseconds. */
export function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}

/** Text without line breaks, tabs and other control characters, any of which would end a cue or a row too early. */
export function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
