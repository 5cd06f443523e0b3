/**
 * Files whose header promises more than is there yet: copies that stall, recorders that write in bursts. The headers of
 * other formats promise nothing, or only an estimate.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { readAt } from '../../read-at.ts'

/** From there on a length in a WAV header stands for "not known", as arecord and ffmpeg write it into a pipe. */
const UNKNOWN_FROM = 0x7fff_0000
/** A film in fragments has two boxes for each second or so. */
const MOST_BOXES = 20_000
/** Boxes with which an MP4, M4A or MOV file begins. */
const FIRST_BOXES = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'styp']

/**
 * True where WAV, AVI, AIFF, MP4 and their kin end before the end that their header names, or before their index.
 *
 * @throws {NodeJS.ErrnoException} of a file that is not there or cannot be read.
 */
export async function isCutShort(path: string): Promise<boolean> {
  await using file = await open(path)
  const { size } = await file.stat()
  const head = await readAt(file, 0, 28)
  if (head.length < 28) return false
  const [tag, form] = [head.toString('latin1', 0, 4), head.toString('latin1', 4, 8)]
  // A file may lack the byte that makes its last chunk's length even.
  const ends = (length: number) => length > 0 && length < UNKNOWN_FROM && 8 + length > size + 1
  if (tag === 'RIFF') return ends(head.readUInt32LE(4))
  if (tag === 'FORM') return ends(head.readUInt32BE(4))
  // Above 4 GB the length is in the chunk that follows. https://tech.ebu.ch/docs/tech/tech3306v1_0.pdf
  if (tag === 'RF64' || tag === 'BW64') return 8 + Number(head.readBigUInt64LE(20)) > size + 1
  return FIRST_BOXES.includes(form) && (await lacksBoxes(file, size))
}

/** @see ISO/IEC 14496-12, 4.2 — a box is its length, its type and its contents. */
async function lacksBoxes(file: FileHandle, size: number): Promise<boolean> {
  let hasIndex = false
  let at = 0
  for (let nBoxes = 0; at < size; nBoxes++) {
    if (nBoxes === MOST_BOXES) return false
    const head = await readAt(file, at, 16)
    if (head.length < 8) return true
    const type = head.toString('latin1', 4, 8)
    let length = head.readUInt32BE(0)
    if (length === 0) return !hasIndex // to the end of the file
    if (length === 1) {
      if (head.length < 16) return true
      length = Number(head.readBigUInt64BE(8))
    }
    if (length < 8) return false // damaged, which is for ffmpeg to tell
    hasIndex ||= type === 'moov'
    at += length
  }
  return at > size || !hasIndex
}
