/** The head of a WAV file, for samples that come without one. */

import { SAMPLE_RATE } from '../whisper-constants.ts'

export const WAV_HEADER_BYTES = 44
/** More is told by no WAV file: readers then go on to the end of the file. */
const MOST_BYTES = 0xffff_ffff

const FORMATS = {
  int16: { tag: 1, bytesPerFrame: 2 },
  float32: { tag: 3, bytesPerFrame: 4 },
} as const

/**
 * The header of little-endian mono samples at 16 kHz.
 *
 * @param nBytes  of the samples; a part of a sample at their end does not count.
 * @see http://soundfile.sapp.org/doc/WaveFormat/
 */
export function wavHeader(nBytes: number, format: keyof typeof FORMATS = 'int16'): Buffer {
  const { tag, bytesPerFrame } = FORMATS[format]
  const dataBytes = Math.min(nBytes - (nBytes % bytesPerFrame), MOST_BYTES)
  const header = Buffer.alloc(WAV_HEADER_BYTES)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(Math.min(dataBytes + WAV_HEADER_BYTES - 8, MOST_BYTES), 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16) // bytes of the format that follow
  header.writeUInt16LE(tag, 20)
  header.writeUInt16LE(1, 22) // channels
  header.writeUInt32LE(SAMPLE_RATE, 24)
  header.writeUInt32LE(SAMPLE_RATE * bytesPerFrame, 28)
  header.writeUInt16LE(bytesPerFrame, 32)
  header.writeUInt16LE(8 * bytesPerFrame, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(dataBytes, 40)
  return header
}
