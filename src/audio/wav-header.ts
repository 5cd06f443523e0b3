/** The head of a WAV file, for samples that come without one. */

import { SAMPLE_RATE } from './sample-rate.ts'

export const WAV_HEADER_BYTES = 44
/** More is told by no WAV file: readers then go on to the end of the file. */
const MOST_BYTES = 0xffff_ffff
const BYTES_PER_FRAME = 2

/**
 * What has to stand before 16-bit little-endian mono samples at 16 kHz.
 *
 * @param nBytes  of the samples; half a sample at their end does not count.
 * @see http://soundfile.sapp.org/doc/WaveFormat/
 */
export function wavHeader(nBytes: number): Buffer {
  const dataBytes = Math.min(nBytes - (nBytes % BYTES_PER_FRAME), MOST_BYTES)
  const header = Buffer.alloc(WAV_HEADER_BYTES)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(Math.min(dataBytes + WAV_HEADER_BYTES - 8, MOST_BYTES), 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16) // bytes of the format that follow
  header.writeUInt16LE(1, 20) // PCM
  header.writeUInt16LE(1, 22) // channels
  header.writeUInt32LE(SAMPLE_RATE, 24)
  header.writeUInt32LE(SAMPLE_RATE * BYTES_PER_FRAME, 28)
  header.writeUInt16LE(BYTES_PER_FRAME, 32)
  header.writeUInt16LE(8 * BYTES_PER_FRAME, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(dataBytes, 40)
  return header
}
