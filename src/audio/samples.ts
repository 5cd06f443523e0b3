/** Bytes of a pipe → samples of all channels. */

import { endianness } from 'node:os'
import type { ChannelLayout } from './channels.ts'

/** Bytes of one float32 sample, as ffmpeg writes it and as Float32Array holds it. */
export const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT

/** ffmpeg's own head has about a hundred; a tag of the file's may be a part of it. */
const MOST_HEAD_BYTES = 1024 * 1024

/**
 * Cuts a stream of WAV, as ffmpeg writes it into a pipe, into samples, whatever the borders of the chunks are. The head says
 * what channels there are; the sizes in it are none, since a pipe's end is not known beforehand.
 *
 * Samples are finite, and as loud as they are in the file: what is not finite becomes 0, since one NaN would spread over a
 * whole window of the spectrogram.
 */
export class WavReader {
  #layout: ChannelLayout | undefined
  /** The head as far as it has come, then the bytes of a frame whose end has not come yet. */
  #rest: Uint8Array = new Uint8Array(0)

  /** undefined until the head has come. */
  get layout(): ChannelLayout | undefined {
    return this.#layout
  }

  /**
   * @param bytes  any number of bytes; not kept.
   * @returns      [N × channels] the frames that are complete by now, interleaved, freshly allocated; N may be 0.
   * @throws {Error} when it is no WAV of float32.
   */
  push(bytes: Uint8Array): Float32Array {
    if (this.#layout) return this.#samples(bytes, this.#layout.nChannels * BYTES_PER_SAMPLE)
    const head = Buffer.concat([this.#rest, bytes])
    const found = readHead(head)
    if (!found) {
      if (head.length > MOST_HEAD_BYTES) throw new Error('ffmpeg wrote a head without an end')
      this.#rest = head
      return new Float32Array(0)
    }
    this.#layout = found.layout
    this.#rest = new Uint8Array(0)
    return this.push(head.subarray(found.nBytes))
  }

  #samples(bytes: Uint8Array, bytesPerFrame: number): Float32Array {
    const nBytes = this.#rest.length + bytes.length
    const nWhole = nBytes - (nBytes % bytesPerFrame)
    if (nWhole === 0) {
      this.#rest = Buffer.concat([this.#rest, bytes])
      return new Float32Array(0)
    }
    const samples = new Float32Array(nWhole / BYTES_PER_SAMPLE) // [N × channels]
    const target = new Uint8Array(samples.buffer)
    const nTaken = nWhole - this.#rest.length
    target.set(this.#rest)
    target.set(bytes.subarray(0, nTaken), this.#rest.length)
    this.#rest = bytes.slice(nTaken)
    if (!IS_LITTLE_ENDIAN) Buffer.from(samples.buffer).swap32()
    makeFinite(samples)
    return samples
  }
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

const FLOAT_BITS = 32

/** @returns undefined as long as the samples have not begun. */
function readHead(head: Buffer): { readonly layout: ChannelLayout; readonly nBytes: number } | undefined {
  let layout: ChannelLayout | undefined
  if (head.length < 12) return
  if (head.toString('latin1', 0, 4) !== 'RIFF') throw new Error('ffmpeg wrote something else than WAV')
  for (let at = 12; at + 8 <= head.length; ) {
    const id = head.toString('latin1', at, at + 4)
    if (id === 'data' && layout) return { layout, nBytes: at + 8 }
    const nBytes = head.readUInt32LE(at + 4)
    const chunk = head.subarray(at + 8, at + 8 + nBytes)
    if (chunk.length < nBytes) return
    if (id === 'fmt ') layout = layoutOf(chunk)
    at += 8 + nBytes + (nBytes % 2)
  }
}

function layoutOf(chunk: Buffer): ChannelLayout {
  if (chunk.readUInt16LE(14) !== FLOAT_BITS) throw new Error('ffmpeg wrote other samples than float32')
  // The extensible form has the loudspeakers.
  return { nChannels: chunk.readUInt16LE(2), speakers: chunk.length >= 24 ? chunk.readUInt32LE(20) : 0 }
}
