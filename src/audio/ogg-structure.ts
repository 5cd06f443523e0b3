/**
 * Ogg, page by page. Files that were stuck together are one file of it. The times of a part are counted in its samples, and
 * ffmpeg counts those of all parts at the rate of the first.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3533
 */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'

export interface OggStructure {
  readonly isCutOff: boolean
  readonly isChained: boolean
  readonly isClockRight: boolean
}

const PAGE_HEAD_BYTES = 27
const MOST_LACINGS = 255
/** Flag of a page that begins a stream. */
const BEGINS = 2
/** As much of a stream's first packet as holds its rate. */
const IDENT_BYTES = 64

export async function oggStructure(file: FileHandle): Promise<OggStructure> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const rates = new Set<number>()
  let nParts = 0
  let isBeginning = false
  let isCutOff = false
  for (let at = 0; at < size && !isCutOff; ) {
    const page = pageAt(await window.at(at, PAGE_HEAD_BYTES + MOST_LACINGS))
    if (page === 'none') break // ffmpeg looks for the next one
    if (page === 'incomplete') isCutOff = true
    else {
      // Streams that are played at the same time all begin before any goes on; the first that is sound counts.
      const ident = page.begins
        ? await window.at(at + page.headBytes, Math.min(page.bodyBytes, IDENT_BYTES))
        : undefined
      const rate = ident && rateIn(ident)
      if (rate !== undefined && !isBeginning) {
        rates.add(rate)
        nParts++
      }
      isBeginning = page.begins && (isBeginning || rate !== undefined)
      at += page.headBytes + page.bodyBytes
      isCutOff = at > size
    }
  }
  return { isCutOff, isChained: nParts > 1, isClockRight: rates.size < 2 }
}

interface Page {
  readonly begins: boolean
  readonly headBytes: number
  readonly bodyBytes: number
}

function pageAt(bytes: Buffer): Page | 'incomplete' | 'none' {
  if (!'OggS'.startsWith(bytes.toString('latin1', 0, 4))) return 'none'
  const nLacings = bytes[PAGE_HEAD_BYTES - 1]
  if (nLacings === undefined || bytes.length < PAGE_HEAD_BYTES + nLacings) return 'incomplete'
  const headBytes = PAGE_HEAD_BYTES + nLacings
  const bodyBytes = bytes.subarray(PAGE_HEAD_BYTES, headBytes).reduce((sum, lacing) => sum + lacing, 0)
  return { begins: (bytes[5]! & BEGINS) !== 0, headBytes, bodyBytes }
}

/** Ticks per second of a stream's times, by its first packet; undefined of what is no sound. */
function rateIn(packet: Buffer): number | undefined {
  const startsWith = (text: string) => packet.toString('latin1', 0, text.length) === text
  if (startsWith('OpusHead')) return 48_000
  if (startsWith('\x01vorbis') && packet.length >= 16) return packet.readUInt32LE(12)
  if (startsWith('Speex   ') && packet.length >= 40) return packet.readUInt32LE(36)
  if (startsWith('\x7fFLAC') && packet.length >= 30) return packet.readUIntBE(27, 3) >> 4
  return undefined
}
