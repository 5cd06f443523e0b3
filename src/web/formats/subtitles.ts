/** SubRip and WebVTT, a cue for each segment: byte for byte what the service writes, with the corrected text. */

import { segmentCues, subtitleFile } from '../../transcript/cue.ts'
import type { Segment } from '../transcript/transcript.ts'

export function writeSrt(segments: readonly Segment[]): string {
  return subtitleFile('srt', segmentCues(segments))
}

export function writeVtt(segments: readonly Segment[]): string {
  return subtitleFile('vtt', segmentCues(segments))
}
