/** Windows in which there is nothing to hear. */

/** Below this peak (-66 dB) a window is digital silence or a muted microphone; models invent words there. */
const SILENCE_PEAK = 5e-4

/** @param samples  in [-1, 1]. */
export function isSilent(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENCE_PEAK)
}
