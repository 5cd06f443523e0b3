/** Subtitle files: SubRip, WebVTT, and the table of times and text that openai/whisper writes. */

import { segmentCues, subtitleFile, withOrderedTimes } from './cue.ts'
import { laidOutCues } from './cue-layout.ts'
import { checkSubtitleOptions, hasLayout, type SubtitleOptions } from './subtitle-options.ts'
import type { Transcription } from './transcription.ts'

/** SubRip. @throws {OptionInvalidError} as `checkSubtitleOptions`. */
export function writeSrt(transcription: Transcription, options: SubtitleOptions = {}): string {
  return writeCues('srt', transcription, options)
}

/** WebVTT. @throws {OptionInvalidError} as `checkSubtitleOptions`. */
export function writeVtt(transcription: Transcription, options: SubtitleOptions = {}): string {
  return writeCues('vtt', transcription, options)
}

/** A header, then one row for each segment: start and end in whole milliseconds, text. */
export function writeTsv({ segments }: Transcription): string {
  const rows = segmentCues(segments).map(({ startMs, endMs, text }) => `${startMs}\t${endMs}\t${text}\n`)
  return `start\tend\ttext\n${rows.join('')}`
}

function writeCues(format: 'srt' | 'vtt', { segments }: Transcription, options: SubtitleOptions): string {
  checkSubtitleOptions(options, { format, hasWords: segments.every(({ words }) => words !== undefined) })
  const cues = hasLayout(options) ? withOrderedTimes(laidOutCues(segments, options)) : segmentCues(segments)
  return subtitleFile(format, cues)
}
