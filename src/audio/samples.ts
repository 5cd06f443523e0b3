/** Bytes → samples of all channels. */

import { endianness } from 'node:os'

/** Bytes of one float32 sample, as ffmpeg writes it and as Float32Array holds it. */
export const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT

/**
 * Samples are finite, and as loud as they are in the file: what is not finite becomes 0, since one NaN would spread over a
 * whole window of the spectrogram.
 *
 * @param blocks  bytes of whole float32 samples, little-endian, that follow each other.
 * @returns       freshly allocated.
 */
export function samplesOf(blocks: readonly Uint8Array[]): Float32Array {
  const samples = new Float32Array(blocks.reduce((sum, { length }) => sum + length, 0) / BYTES_PER_SAMPLE)
  const target = new Uint8Array(samples.buffer)
  let at = 0
  for (const bytes of blocks) {
    target.set(bytes, at)
    at += bytes.length
  }
  if (!IS_LITTLE_ENDIAN) Buffer.from(samples.buffer).swap32()
  makeFinite(samples)
  return samples
}

const IS_LITTLE_ENDIAN = endianness() === 'LE'

/** Values that are not finite become 0. */
export function makeFinite(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) if (!Number.isFinite(samples[i])) samples[i] = 0
}

/** Values outside of [-1, 1] become its ends. */
export function clip(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]! // i < samples.length
    if (value > 1) samples[i] = 1
    else if (value < -1) samples[i] = -1
  }
}
