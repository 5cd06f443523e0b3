/**
 * How much audio context a window is given. Whisper was trained on 30 s; encoding only the speech and some silence
 * behind it takes a fraction of the time and, measured on 117 real clips, loses nothing — as long as the silence is
 * not too short, which throws very short clips into loops (docs/decisions/0003).
 */

import { FULL_CONTEXT, SAMPLE_RATE, SAMPLES_PER_POSITION } from '../whisper-constants.ts'

const POSITIONS_PER_SECOND = SAMPLE_RATE / SAMPLES_PER_POSITION
const LEAST_SECONDS = 12
const SILENCE_SECONDS = 5
/** Contexts are rounded up to whole seconds, so that windows of similar length can share a batch. */
const ROUNDING = POSITIONS_PER_SECOND

/** Encoder positions for a window of `nSamples`, at most FULL_CONTEXT. */
export function adaptiveContext(nSamples: number): number {
  const seconds = Math.max(LEAST_SECONDS, nSamples / SAMPLE_RATE + SILENCE_SECONDS)
  const positions = Math.ceil((seconds * POSITIONS_PER_SECOND) / ROUNDING) * ROUNDING
  return Math.min(positions, FULL_CONTEXT)
}
