/** SubRip and WebVTT: byte for byte what the service writes, with the corrected text. */

import { subtitleCues } from '../../transcript/subtitle-cues.ts'
import type { Transcript } from '../transcript/transcript.ts'

/** What of a transcript is in its subtitles. */
type Subtitled = Pick<Transcript, 'segments' | 'durationSeconds' | 'language'>

export function writeSrt(transcript: Subtitled): string {
  const cues = cuesOf(transcript).map(({ startMs, endMs, text }, i) => {
    return `${i + 1}\n${timestamp(startMs, ',')} --> ${timestamp(endMs, ',')}\n${text.replace(/-{2,}>/g, '->')}\n\n`
  })
  return cues.join('')
}

export function writeVtt(transcript: Subtitled): string {
  const cues = cuesOf(transcript).map(({ startMs, endMs, text }, i) => {
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    return `${i + 1}\n${timestamp(startMs, '.')} --> ${timestamp(endMs, '.')}\n${escaped}\n\n`
  })
  return `WEBVTT\n\n${cues.join('')}`
}

function cuesOf({ segments, durationSeconds, language }: Subtitled) {
  return subtitleCues(
    segments.map((segment) => ({ ...segment, language })),
    durationSeconds,
  )
}

function timestamp(ms: number, mark: ',' | '.'): string {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60]
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}${mark}${String(ms % 1000).padStart(3, '0')}`
}
