/** Bytes of plain PCM → samples of all channels, bit for bit what ffmpeg makes of them. */

import { makeFinite } from './samples.ts'
import type { PcmEncoding } from './wav-layout.ts'

/**
 * @param bytes  whole frames, beginning at the start of their ArrayBuffer, where typed arrays may lie.
 * @returns      [N × channels], interleaved; whole numbers as parts of full scale, floats as they are, none of them infinite.
 */
export function samplesOfPcm(bytes: Uint8Array<ArrayBuffer>, encoding: PcmEncoding): Float32Array {
  const values = DECODERS[encoding](bytes)
  const samples = values instanceof Float64Array ? Float32Array.from(values) : values
  if (encoding === 'f32' || encoding === 'f64') makeFinite(samples)
  return samples
}

/** Whole numbers become fractions of their largest magnitude, rounded once where float32 cannot hold them. */
const DECODERS: Readonly<Record<PcmEncoding, (bytes: Uint8Array<ArrayBuffer>) => Float32Array | Float64Array>> = {
  u8: (bytes) => scaled(bytes, 2 ** -7, -1),
  s16: ({ buffer, byteLength }) => scaled(new Int16Array(buffer, 0, byteLength / 2), 2 ** -15),
  s24: (bytes) => scaled(threeByteInts(bytes), 2 ** -31),
  s32: ({ buffer, byteLength }) => scaled(new Int32Array(buffer, 0, byteLength / 4), 2 ** -31),
  f32: ({ buffer, byteLength }) => new Float32Array(buffer, 0, byteLength / 4),
  f64: ({ buffer, byteLength }) => new Float64Array(buffer, 0, byteLength / 8),
}

function scaled(values: Uint8Array | Int16Array | Int32Array, scale: number, offset = 0): Float32Array {
  const samples = new Float32Array(values.length)
  for (let i = 0; i < samples.length; i++) samples[i] = values[i]! * scale + offset
  return samples
}

/** As the upper three bytes of four, which saves extending the sign. */
function threeByteInts(bytes: Uint8Array): Int32Array {
  const values = new Int32Array(bytes.length / 3)
  for (let i = 0, at = 0; i < values.length; i++, at += 3) {
    values[i] = (bytes[at]! << 8) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 24)
  }
  return values
}
