/** Outlines for drawing: the loudest value of each stretch of a recording, 0 to 1. */

import type { Segment } from '../transcript/transcript.ts'

/** Bars are drawn from so many values, however long the recording. */
export const POINTS = 1_500

/** @param samples  of one channel. */
export function loudestOf(samples: Float32Array, points: number): number[] {
  const loudest: number[] = []
  for (let point = 0; point < points; point++) {
    const end = Math.floor(((point + 1) * samples.length) / points)
    let peak = 0
    for (let i = Math.floor((point * samples.length) / points); i < end; i++) {
      peak = Math.max(peak, Math.abs(samples[i]!)) // `end` is at most the length
    }
    loudest.push(Math.round(Math.min(1, peak) * 1000) / 1000)
  }
  return loudest
}

/** In the place of sound that is not drawn: where words are, by the length of each. */
export function wordPeaks(segments: readonly Segment[], durationSeconds: number): number[] {
  const peaks: number[] = Array(POINTS).fill(0)
  if (!(durationSeconds > 0)) return peaks
  for (const segment of segments) {
    for (const { start, end } of segment.words.length > 0 ? segment.words : [segment]) {
      const [from, to] = [start, end].map((seconds) => Math.floor((seconds / durationSeconds) * POINTS)) as [
        number,
        number,
      ]
      for (let point = Math.max(0, from); point <= to && point < POINTS; point++) peaks[point] = 0.5
    }
  }
  return peaks
}
