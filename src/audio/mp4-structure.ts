/** MP4 and QuickTime, box by box: of several such files in one, ffmpeg reads the first and leaves the rest without a word. */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'
import { MOST_PARTS, type Parts, partsFrom } from './part.ts'

const HEAD_BYTES = 16
/** A recording in fragments of a second has two for each. */
const MOST_BOXES = 200_000

/** True of the box with which such files begin. */
export const beginsMp4 = (bytes: Buffer) => bytes.toString('latin1', 4, 8) === 'ftyp'

/**
 * A stream in fragments may repeat its head, and is one recording all the same.
 *
 * @see ISO/IEC 14496-12, 4.2
 */
export async function mp4Structure(file: FileHandle): Promise<{ readonly several?: Parts }> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const starts = [0]
  let hasIndex = false
  for (let at = 0, nBoxes = 0; at < size && nBoxes < MOST_BOXES && starts.length <= MOST_PARTS; nBoxes++) {
    const head = await window.at(at, HEAD_BYTES)
    const type = head.toString('latin1', 4, 8)
    if (type === 'moof') return {}
    if (type === 'ftyp' && hasIndex) {
      starts.push(at)
      hasIndex = false
    }
    if (type === 'moov') hasIndex = true
    const nBytes = boxBytes(head)
    if (nBytes === undefined) break
    at += nBytes
  }
  const several = partsFrom('mov', starts, size)
  return several ? { several } : {}
}

/** undefined: it goes on to the end of the file, or is none. */
function boxBytes(head: Buffer): number | undefined {
  if (head.length < HEAD_BYTES) return undefined
  const nBytes = head.readUInt32BE(0)
  if (nBytes === 1) return Number(head.readBigUInt64BE(8)) || undefined
  return nBytes >= 8 ? nBytes : undefined
}
