/**
 * Where a WAV file keeps its samples, and in which form, if it is one of the plain kind. The rule is strict because it
 * decides who reads the file: what is unusual in any way, damaged or only not known here is ffmpeg's, whose answers to
 * such files are what callers know.
 *
 * @see http://soundfile.sapp.org/doc/WaveFormat/ — the chunks `RIFF`, `fmt ` and `data`.
 */

import type { FileHandle } from 'node:fs/promises'
import { readAt } from '../read-at.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'

/** Form of one sample of one channel: unsigned, signed or float; always little-endian. */
export type PcmEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64'

export interface WavLayout {
  readonly encoding: PcmEncoding
  readonly nChannels: 1 | 2
  /** Bytes of one sample of all channels. */
  readonly bytesPerFrame: number
  /** Place of the first sample in the file. */
  readonly dataStart: number
  /** Samples of each channel, at least one. */
  readonly nFrames: number
}

/** `wFormatTag` and bits → encoding. */
const ENCODINGS: Readonly<Record<string, PcmEncoding>> = {
  '1/8': 'u8',
  '1/16': 's16',
  '1/24': 's24',
  '1/32': 's32',
  '3/32': 'f32',
  '3/64': 'f64',
}
const EXTENSIBLE = 0xfffe
/** The rest of a SubFormat behind its two bytes of format tag. */
const SUBFORMAT_REST = '000000001000800000aa00389b71'
/** Speaker masks that mean what the number of channels means: front centre; front left and right. */
const USUAL_MASKS: Readonly<Record<number, number>> = { 1: 0x4, 2: 0x3 }

/** Chunks that say nothing about how the samples are read. */
const PASSED_OVER = new Set([
  'LIST',
  'fact',
  'JUNK',
  'junk',
  'PAD ',
  'FLLR',
  'PEAK',
  'bext',
  'cue ',
  'id3 ',
  'iXML',
  'smpl',
])
/** No usual file has more; a forged one could have millions. */
const MOST_CHUNKS = 32
/** One read brings all that comes before the samples of nearly every file. */
const HEAD_BYTES = 4096

/** @returns undefined for any file that is not a plain WAV file of 16 kHz with one or two channels. */
export async function readWavLayout(file: FileHandle): Promise<WavLayout | undefined> {
  const { size } = await file.stat()
  const head = await readAt(file, 0, Math.min(HEAD_BYTES, size))
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') return

  let format: Pick<WavLayout, 'encoding' | 'nChannels' | 'bytesPerFrame'> | undefined
  let data: { readonly start: number; readonly nBytes: number } | undefined
  let at = 12
  for (let nChunks = 0; size - at >= 8; nChunks++) {
    const header = at + 8 <= head.length ? head.subarray(at, at + 8) : await readAt(file, at, 8)
    if (nChunks === MOST_CHUNKS || header.length < 8) return
    const id = header.toString('latin1', 0, 4)
    const [start, nBytes] = [at + 8, header.readUInt32LE(4)]
    if (start + nBytes > size) return
    if (id === 'fmt ' && !format && !data) format = formatOf(head.subarray(start, start + nBytes))
    else if (id === 'data' && format && !data) data = { start, nBytes }
    else if (!PASSED_OVER.has(id)) return
    at = start + nBytes + (nBytes % 2) // chunks begin at even places
  }
  if (!format || !data || data.nBytes === 0 || data.nBytes % format.bytesPerFrame !== 0) return
  return { ...format, dataStart: data.start, nFrames: data.nBytes / format.bytesPerFrame }
}

/** @param chunk  contents of `fmt `: 16 bytes, 18 with an empty extension, 40 when extensible. */
function formatOf(chunk: Buffer): Pick<WavLayout, 'encoding' | 'nChannels' | 'bytesPerFrame'> | undefined {
  if (![16, 18, 40].includes(chunk.length)) return
  const written = chunk.readUInt16LE(0)
  const nChannels = chunk.readUInt16LE(2)
  const bits = chunk.readUInt16LE(14)
  const isExtensible = written === EXTENSIBLE
  if (isExtensible ? !isUsualExtension(chunk, nChannels, bits) : chunk.length === 40) return
  const encoding = ENCODINGS[`${isExtensible ? chunk.readUInt16LE(24) : written}/${bits}`]
  const bytesPerFrame = (nChannels * bits) / 8
  if (!encoding || (nChannels !== 1 && nChannels !== 2)) return
  if (chunk.readUInt32LE(4) !== SAMPLE_RATE || chunk.readUInt16LE(12) !== bytesPerFrame) return
  return { encoding, nChannels, bytesPerFrame }
}

function isUsualExtension(chunk: Buffer, nChannels: number, bits: number): boolean {
  if (chunk.length !== 40 || chunk.readUInt16LE(18) !== bits) return false
  const mask = chunk.readUInt32LE(20)
  return (mask === 0 || mask === USUAL_MASKS[nChannels]) && chunk.toString('hex', 26) === SUBFORMAT_REST
}
