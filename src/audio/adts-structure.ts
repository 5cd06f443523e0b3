/** AAC without a container, frame by frame. ffmpeg counts the times of all frames at the rate of the first. */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'

export interface AdtsStructure {
  readonly isCutOff: boolean
  readonly isChained: boolean
  readonly isClockRight: boolean
}

const HEAD_BYTES = 7

/** True of the twelve bits by which each frame begins. */
export const beginsAdtsFrame = (bytes: Buffer) => bytes[0] === 0xff && (bytes[1]! & 0xf6) === 0xf0

/** @see https://wiki.multimedia.cx/index.php/ADTS */
export async function adtsStructure(file: FileHandle): Promise<AdtsStructure> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const rates = new Set<number>()
  let isCutOff = false
  for (let at = 0; at < size && !isCutOff; ) {
    const head = await window.at(at, HEAD_BYTES)
    if (!beginsAdtsFrame(head)) break // damaged, or a tag: ffmpeg looks for the next frame
    const nBytes = head.length < HEAD_BYTES ? HEAD_BYTES : (head.readUIntBE(3, 3) >> 5) & 0x1fff
    if (nBytes < HEAD_BYTES) break
    rates.add((head[2]! >> 2) & 15)
    at += nBytes
    isCutOff = at > size
  }
  return { isCutOff, isChained: rates.size > 1, isClockRight: rates.size < 2 }
}
