/** The one form of sound that every model of this service hears. */

/** Samples per second. */
export const SAMPLE_RATE = 16_000

/** Bytes of one float32 sample, as ffmpeg writes it and as Float32Array holds it. */
export const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT
