/** Bytes of a pipe → samples. */

import { endianness } from 'node:os'

/** Bytes of one float32 sample, as ffmpeg writes it and as Float32Array holds it. */
export const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT

/**
 * Cuts a stream of little-endian float32 bytes into samples, whatever the borders of the chunks are.
 *
 * Samples that are not finite become 0, since one NaN would spread over a whole window of the spectrogram, and the
 * rest is clipped to [-1, 1]: lossy codecs overshoot, and the 16-bit path that the models were trained on clips too.
 */
export class SampleReader {
  /** The 0 to 3 bytes of a sample whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0)

  /**
   * @param bytes  any number of bytes; not kept.
   * @returns      [N] the samples that are complete by now, freshly allocated; N may be 0.
   */
  push(bytes: Uint8Array): Float32Array {
    const nBytes = this.#rest.length + bytes.length
    const samples = new Float32Array(Math.floor(nBytes / BYTES_PER_SAMPLE)) // [N]
    const target = new Uint8Array(samples.buffer)
    const nTaken = samples.length > 0 ? target.length - this.#rest.length : 0
    if (samples.length > 0) {
      target.set(this.#rest)
      target.set(bytes.subarray(0, nTaken), this.#rest.length)
      this.#rest = bytes.slice(nTaken)
    } else {
      this.#rest = Buffer.concat([this.#rest, bytes])
    }
    if (!IS_LITTLE_ENDIAN) Buffer.from(samples.buffer).swap32()
    makeSafe(samples)
    return samples
  }
}

const IS_LITTLE_ENDIAN = endianness() === 'LE'

/** Values that are not finite become 0, the rest is clipped to [-1, 1]. */
export function makeSafe(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]! // i < samples.length
    if (!(value >= -1 && value <= 1)) samples[i] = Number.isFinite(value) ? Math.sign(value) : 0
  }
}
