/** SubRip and WebVTT, a cue for each segment: byte for byte what the service writes, with the corrected text. */

import { type Cue, toMs, withOrderedTimes, withoutControls } from '../../transcript/cue.ts'
import type { Segment } from '../transcript/transcript.ts'

export function writeSrt(segments: readonly Segment[]): string {
  const cues = cuesOf(segments).map(({ startMs, endMs, text }, i) => {
    return `${i + 1}\n${timestamp(startMs, ',')} --> ${timestamp(endMs, ',')}\n${text.replace(/-{2,}>/g, '->')}\n\n`
  })
  return cues.join('')
}

export function writeVtt(segments: readonly Segment[]): string {
  const cues = cuesOf(segments).map(({ startMs, endMs, text }, i) => {
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    return `${i + 1}\n${timestamp(startMs, '.')} --> ${timestamp(endMs, '.')}\n${escaped}\n\n`
  })
  return `WEBVTT\n\n${cues.join('')}`
}

function cuesOf(segments: readonly Segment[]): Cue[] {
  const cues = segments.map(({ start, end, text }) => ({
    startMs: toMs(start),
    endMs: toMs(end),
    text: withoutControls(text).trim(),
    highlight: undefined,
  }))
  return withOrderedTimes(cues.filter(({ text }) => text !== ''))
}

function timestamp(ms: number, mark: ',' | '.'): string {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60]
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}${mark}${String(ms % 1000).padStart(3, '0')}`
}
