/** AMR, frame by frame: its files say nothing of their length, and ffmpeg estimates it by the size of the first frames. */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'

export interface AmrStructure {
  readonly seconds: number
  readonly isCutOff: boolean
}

/** Bytes of a frame by its type, its head included. @see https://www.rfc-editor.org/rfc/rfc4867 */
const FORMATS = [
  { magic: '#!AMR\n', frameBytes: [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1] },
  { magic: '#!AMR-WB\n', frameBytes: [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1] },
] as const
const FRAME_SECONDS = 0.02

/** @returns nothing for the forms with several channels, which ffmpeg does not read. */
export async function amrStructure(file: FileHandle): Promise<AmrStructure | Record<string, never>> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const head = (await window.at(0, 16)).toString('latin1')
  const format = FORMATS.find(({ magic }) => head.startsWith(magic))
  if (!format) return {}
  let at: number = format.magic.length
  let nFrames = 0
  for (; at < size; nFrames++) at += format.frameBytes[((await window.at(at, 1))[0]! >> 3) & 15]!
  const isCutOff = at > size
  return { seconds: (isCutOff ? nFrames - 1 : nFrames) * FRAME_SECONDS, isCutOff }
}
