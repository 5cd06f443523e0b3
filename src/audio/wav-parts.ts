/**
 * Where the sound of a WAV file is when its header does not say so: written for a first piece and never again, or followed by
 * whole WAV files that were stuck to it. ffmpeg believes the header and leaves the rest.
 *
 * @see http://soundfile.sapp.org/doc/WaveFormat/
 */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'
import { MOST_PARTS, type Part, type Parts } from './part.ts'

export interface WavParts extends Parts {
  /** The last ends before its promise. */
  readonly isCutOff: boolean
}

/** No usual file has more, before its samples or after them. */
const MOST_CHUNKS = 64
/** Programs that cannot go back to the header write 0, or as much as 32 bits or a signed number of 32 bits can hold, or nearly. */
const LEAST_PLACEHOLDER_BYTES = 0x7f00_0000
/** What is left of a sector, or of a tag, is no sound: a tenth of a second of telephone speech. */
const LEAST_SOUND_BYTES = 1600
/** They are no sound, not even where they are cut off. */
const USUAL_CHUNKS: ReadonlySet<string> = new Set([
  'LIST',
  'id3 ',
  'ID3 ',
  'bext',
  'iXML',
  '_PMX',
  'JUNK',
  'PAD ',
  'FLLR',
])
/** Names of others. Four bytes of sound may look like one, but a size that fits the file hardly follows them too. */
const CHUNK_ID = /^[A-Za-z0-9_+\- ]{4}$/

/** `RIFF`, its size, `WAVE` and the name of the first chunk. */
const WAV_HEAD_BYTES = 16
/** Searched at a time. */
const PIECE_BYTES = 512 * 1024

/** @returns undefined for a file that is no WAV, or has no samples where they are looked for. */
export async function wavParts(file: FileHandle): Promise<WavParts | undefined> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  if (!(await isWavAt(window, 0))) return undefined
  const parts: Part[] = []
  let isCutOff = false
  for (let start: number | undefined = 0; start !== undefined; ) {
    if (parts.length === MOST_PARTS) return { parts, hasMore: true, isCutOff: false }
    const data = await dataChunk(window, start, size)
    if (!data) return parts.length === 0 ? undefined : { parts, hasMore: false, isCutOff: true }
    const { isPromise, end } = data
    isCutOff = isPromise && end - size > LEAST_SOUND_BYTES
    const behind: Behind = isPromise ? await whatFollows(window, data, size) : 'sound'
    const next: number | undefined = behind === 'sound' ? await nextWav(window, data.start, size) : behind.next
    parts.push({ format: 'wav', start, end: next ?? size, isLongerThanPromised: isPromise && behind === 'sound' })
    start = next
  }
  return { parts, hasMore: false, isCutOff }
}

interface DataChunk {
  readonly start: number
  /** By the header. */
  readonly end: number
  /** False: its size is a placeholder. */
  readonly isPromise: boolean
}

async function dataChunk(window: FileWindow, riffStart: number, size: number): Promise<DataChunk | undefined> {
  let at = riffStart + 12
  for (let nChunks = 0; nChunks < MOST_CHUNKS && at + 8 <= size; nChunks++) {
    const { id, nBytes } = await chunkAt(window, at)
    const start = at + 8
    if (id === 'data') {
      return { start, end: start + nBytes, isPromise: nBytes > 0 && nBytes < LEAST_PLACEHOLDER_BYTES }
    }
    at = start + nBytes + (nBytes % 2)
  }
  return undefined
}

type Behind = 'sound' | { readonly next: number | undefined }

/** What stands behind the samples as the header has them: chunks, another WAV file, or more samples. */
async function whatFollows(window: FileWindow, data: DataChunk, size: number): Promise<Behind> {
  // Chunks begin at even places, but not all programs care.
  const places = (data.end - data.start) % 2 === 1 ? [data.end + 1, data.end] : [data.end]
  for (const place of places) {
    const following = await chunksFrom(window, place, size)
    if (following !== 'sound') return following
  }
  return 'sound'
}

async function chunksFrom(window: FileWindow, place: number, size: number): Promise<Behind> {
  let at = place
  for (let nChunks = 0; nChunks < MOST_CHUNKS && size - at >= 8; nChunks++) {
    if (await isWavAt(window, at)) return { next: at }
    const { id, nBytes } = await chunkAt(window, at)
    const end = at + 8 + nBytes
    if (USUAL_CHUNKS.has(id) && end > size) return { next: undefined }
    if (!CHUNK_ID.test(id) || end > size) return size - at < LEAST_SOUND_BYTES ? { next: undefined } : 'sound'
    at = end + (nBytes % 2)
  }
  return { next: undefined }
}

async function nextWav(window: FileWindow, from: number, size: number): Promise<number | undefined> {
  for (let at = from; at < size; at += PIECE_BYTES) {
    // A head that begins at the end of a piece is found whole.
    const bytes = await window.at(at, PIECE_BYTES + WAV_HEAD_BYTES - 1)
    for (let found = bytes.indexOf('RIFF'); found >= 0; found = bytes.indexOf('RIFF', found + 1)) {
      if (isWavHead(bytes.subarray(found, found + WAV_HEAD_BYTES))) return at + found
    }
  }
  return undefined
}

const isWavAt = async (window: FileWindow, at: number) => isWavHead(await window.at(at, WAV_HEAD_BYTES))

const isWavHead = (bytes: Buffer) =>
  bytes.toString('latin1', 0, 4) === 'RIFF' &&
  bytes.toString('latin1', 8, 12) === 'WAVE' &&
  CHUNK_ID.test(bytes.toString('latin1', 12, 16))

async function chunkAt(window: FileWindow, at: number): Promise<{ id: string; nBytes: number }> {
  const head = await window.at(at, 8)
  return { id: head.toString('latin1', 0, 4), nBytes: head.readUInt32LE(4) }
}
