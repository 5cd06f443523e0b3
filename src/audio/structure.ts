/** What the structure of a file tells that ffmpeg does not: whether it is whole, how long it is, what it is made of. */

import { type FileHandle, open } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'
import { type WavParts, wavParts } from './wav-parts.ts'

export interface Structure {
  /** Exact length of the sound. */
  readonly seconds?: number
  /** The file ends before its last piece does. */
  readonly isCutOff?: boolean
  /** False where ffmpeg misreads the times of later parts. */
  readonly isClockRight?: boolean
  /** Where the sound of a WAV file is, if not where its header says. */
  readonly wav?: Omit<WavParts, 'isCutOff'>
}

/** @returns nothing for other formats, and for a file that cannot be read: ffmpeg has the word for that. */
export async function structureOf(path: string): Promise<Structure> {
  try {
    await using file = await open(path)
    const head = (await new FileWindow(file).at(0, 16)).toString('latin1')
    if (head.startsWith('OggS')) return await oggStructure(file)
    if (head.startsWith('RIFF')) return await riffStructure(file, head)
    const amr = AMR_FORMATS.find(({ magic }) => head.startsWith(magic))
    return amr ? await amrStructure(file, amr) : {}
  } catch {
    return {}
  }
}

// ── Ogg ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const PAGE_HEAD_BYTES = 27
const MOST_SEGMENTS = 255
/** Flag of a page that begins a stream. */
const BEGINS = 2
/** Of the packet that begins a stream, as much as holds its rate. */
const IDENT_BYTES = 64

/**
 * Files that were stuck together are one, in Ogg. Times are counted in samples, and ffmpeg counts those of all parts at the rate
 * of the first.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3533
 */
async function oggStructure(file: FileHandle): Promise<Structure> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const clocks = new Set<string>()
  let isInHead = false
  for (let at = 0; at < size; ) {
    const head = Buffer.from(await window.at(at, PAGE_HEAD_BYTES + MOST_SEGMENTS))
    const isWhole = head.length >= PAGE_HEAD_BYTES && head.length >= PAGE_HEAD_BYTES + head[26]!
    if (head.length >= 4 && head.toString('latin1', 0, 4) !== 'OggS') return { isClockRight: clocks.size < 2 } // not a page: ffmpeg looks for the next
    if (!isWhole) return { isCutOff: true, isClockRight: clocks.size < 2 }
    const bodyAt = at + PAGE_HEAD_BYTES + head[26]!
    const nBytes = head.subarray(PAGE_HEAD_BYTES, PAGE_HEAD_BYTES + head[26]!).reduce((sum, lacing) => sum + lacing, 0)
    const begins = (head[5]! & BEGINS) !== 0
    // Streams that are played at the same time all begin before any goes on; the first that is sound counts.
    const rate = begins ? oggRate(await window.at(bodyAt, Math.min(nBytes, IDENT_BYTES))) : undefined
    if (rate !== undefined && !isInHead) clocks.add(String(rate))
    isInHead = begins && (isInHead || rate !== undefined)
    at = bodyAt + nBytes
    if (at > size) return { isCutOff: true, isClockRight: clocks.size < 2 }
  }
  return { isCutOff: false, isClockRight: clocks.size < 2 }
}

/** Ticks per second of the times of a stream, by the packet that begins it; undefined of what is no sound. */
function oggRate(packet: Buffer): number | undefined {
  const startsWith = (text: string) => packet.toString('latin1', 0, text.length) === text
  if (startsWith('OpusHead')) return 48_000
  if (startsWith('\x01vorbis') && packet.length >= 16) return packet.readUInt32LE(12)
  if (startsWith('Speex   ') && packet.length >= 40) return packet.readUInt32LE(36)
  if (startsWith('\x7fFLAC') && packet.length >= 30) return packet.readUIntBE(27, 3) >> 4
  return undefined
}

// ── RIFF ────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function riffStructure(file: FileHandle, head: string): Promise<Structure> {
  if (head.slice(8, 12) === 'AVI ') {
    const { size } = await file.stat()
    return { isCutOff: 8 + Buffer.from(head.slice(4, 8), 'latin1').readUInt32LE() > size }
  }
  const found = await wavParts(file)
  if (!found) return {}
  const { parts, isCutOff } = found
  const isUsual = parts.length === 1 && !parts[0]!.isLongerThanPromised
  return isUsual ? { isCutOff } : { isCutOff, wav: found }
}

// ── AMR ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Bytes of a frame by its type, its head included. @see https://www.rfc-editor.org/rfc/rfc4867 */
const AMR_FORMATS = [
  { magic: '#!AMR\n', frameBytes: [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1] },
  { magic: '#!AMR-WB\n', frameBytes: [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1] },
] as const
const AMR_FRAME_SECONDS = 0.02

async function amrStructure(file: FileHandle, { magic, frameBytes }: (typeof AMR_FORMATS)[number]): Promise<Structure> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  let at = magic.length
  let nFrames = 0
  for (; at < size; nFrames++) at += frameBytes[((await window.at(at, 1))[0]! >> 3) & 15]!
  return { seconds: (at > size ? nFrames - 1 : nFrames) * AMR_FRAME_SECONDS, isCutOff: at > size }
}
