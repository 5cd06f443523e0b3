/** Windows in which there is nothing to hear. */

import { SILENCE_PEAK } from '../whisper-constants.ts'

/** Models invent words there. @param samples  in [-1, 1]. */
export function isSilent(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENCE_PEAK)
}
