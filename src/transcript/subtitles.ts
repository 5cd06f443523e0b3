/** Subtitle files: SubRip, WebVTT, and the table of times and text that openai/whisper writes. */

import { build } from 'subsrt-ts'
import type { Cue } from './cue.ts'
import { segmentCues, subtitleCues } from './subtitle-cues.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import { checkSubtitleOptions } from './subtitle-options.ts'
import type { Segment, Transcription } from './transcription.ts'

/**
 * SubRip. It has no way to write its own arrow or a tag as text: the arrow is shortened as openai/whisper does it,
 * tags stay for the player to judge.
 *
 * @throws {OptionInvalidError} as `checkSubtitleOptions`.
 */
export function writeSrt(transcription: Transcription, options: SubtitleOptions = {}): string {
  return writeCues('srt', transcription, options, (text) => text.replace(/-{2,}>/g, '->'))
}

/**
 * WebVTT.
 *
 * @throws {OptionInvalidError} as `checkSubtitleOptions`.
 */
export function writeVtt(transcription: Transcription, options: SubtitleOptions = {}): string {
  return writeCues('vtt', transcription, options, (text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  )
}

/** A header, then one row for each segment: start and end in whole milliseconds, text. */
export function writeTsv({ segments }: Transcription): string {
  const cues = byChannel(segments, segmentCues)
  const rows = cues.map((cue) => `${cue.startMs}\t${cue.endMs}\t${SPEAKER.tsv(cue)}${cue.text}\n`)
  return `start\tend\ttext\n${rows.join('')}`
}

function writeCues(
  format: 'srt' | 'vtt',
  { segments, task, durationSeconds }: Transcription,
  options: SubtitleOptions,
  encode: (text: string) => string,
): string {
  checkSubtitleOptions(options, { format, hasWords: segments.every(({ words }) => words !== undefined) })
  // The language of a segment is the one that is spoken, whatever it is translated into.
  const shown = task === 'translate' ? segments.map((segment) => ({ ...segment, language: 'en' })) : segments
  const cues = byChannel(shown, (own) => subtitleCues(own, durationSeconds, options))
  const captions = cues.map((cue, i) => {
    const text = `${SPEAKER[format](cue)}${withHighlight(cue, encode)}`
    const duration = cue.endMs - cue.startMs
    return { type: 'caption' as const, index: i + 1, start: cue.startMs, end: cue.endMs, duration, content: text, text }
  })
  return build(captions, { format, eol: '\n' })
}

/** Who says it, where channels are heard apart: WebVTT has a place for that, the others only their text. */
const SPEAKER = {
  srt: ({ channel }: Cue) => (channel === undefined ? '' : `[${channel}] `),
  vtt: ({ channel }: Cue) => (channel === undefined ? '' : `<v Channel ${channel}>`),
  tsv: ({ channel }: Cue) => (channel === undefined ? '' : `[${channel}] `),
} as const

/** The cues of each channel on their own, then all by time: people on two channels talk at the same time. */
function byChannel(segments: readonly Segment[], cuesOf: (own: readonly Segment[]) => readonly Cue[]): readonly Cue[] {
  const channels = new Set(segments.map(({ channel }) => channel))
  if (channels.size === 1 && channels.has(undefined)) return cuesOf(segments)
  return [...channels]
    .flatMap((channel) =>
      cuesOf(segments.filter((segment) => segment.channel === channel)).map((cue) => ({ ...cue, channel })),
    )
    .sort((a, b) => a.startMs - b.startMs)
}

/** The parts are encoded on their own, since the tags between them are the only ones that are meant. */
function withHighlight({ text, highlight }: Cue, encode: (text: string) => string): string {
  if (highlight === undefined) return encode(text)
  const [from, to] = highlight
  return `${encode(text.slice(0, from))}<u>${encode(text.slice(from, to))}</u>${encode(text.slice(to))}`
}
