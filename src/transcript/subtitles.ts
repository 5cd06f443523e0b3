/** Subtitle files: SubRip, WebVTT, and the table of times and text that openai/whisper writes. */

import { build } from 'subsrt-ts'
import type { Cue } from './cue.ts'
import { segmentCues, subtitleCues } from './subtitle-cues.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import { checkSubtitleOptions } from './subtitle-options.ts'
import type { Transcription } from './transcription.ts'

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
  const rows = segmentCues(segments).map(({ startMs, endMs, text }) => `${startMs}\t${endMs}\t${text}\n`)
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
  const cues = subtitleCues(shown, durationSeconds, options)
  const captions = cues.map((cue, i) => {
    const text = withHighlight(cue, encode)
    const duration = cue.endMs - cue.startMs
    return { type: 'caption' as const, index: i + 1, start: cue.startMs, end: cue.endMs, duration, content: text, text }
  })
  return build(captions, { format, eol: '\n' })
}

/** The parts are encoded on their own, since the tags between them are the only ones that are meant. */
function withHighlight({ text, highlight }: Cue, encode: (text: string) => string): string {
  if (highlight === undefined) return encode(text)
  const [from, to] = highlight
  return `${encode(text.slice(0, from))}<u>${encode(text.slice(from, to))}</u>${encode(text.slice(to))}`
}
