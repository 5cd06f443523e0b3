/**
 * Ogg, page by page. Files that were stuck together are one file of it, and each is read alone: some versions of ffmpeg end after
 * the first, and others count the times of all parts at the rate of the first.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3533
 */

import type { FileHandle } from 'node:fs/promises'
import { FileWindow } from './file-window.ts'
import { MOST_PARTS, type Parts, partsFrom } from './part.ts'

export interface OggStructure {
  readonly isCutOff: boolean
  readonly several?: Parts
}

const PAGE_HEAD_BYTES = 27
const MOST_LACINGS = 255
/** Flag of a page that begins a stream. */
const BEGINS = 2

export async function oggStructure(file: FileHandle): Promise<OggStructure> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const starts: number[] = []
  let wasBeginning = false
  let isCutOff = false
  for (let at = 0; at < size && !isCutOff && starts.length <= MOST_PARTS; ) {
    const page = pageAt(await window.at(at, PAGE_HEAD_BYTES + MOST_LACINGS))
    if (page === 'none') break // ffmpeg looks for the next one
    if (page === 'incomplete') isCutOff = true
    else {
      // Streams that are played at the same time all begin before any goes on.
      if (page.begins && !wasBeginning) starts.push(at)
      wasBeginning = page.begins
      at += page.bytes
      isCutOff = at > size
    }
  }
  const several = partsFrom('ogg', starts, size)
  return { isCutOff, ...(several && { several }) }
}

interface Page {
  readonly begins: boolean
  readonly bytes: number
}

function pageAt(bytes: Buffer): Page | 'incomplete' | 'none' {
  if (!'OggS'.startsWith(bytes.toString('latin1', 0, 4))) return 'none'
  const nLacings = bytes[PAGE_HEAD_BYTES - 1]
  if (nLacings === undefined || bytes.length < PAGE_HEAD_BYTES + nLacings) return 'incomplete'
  const headBytes = PAGE_HEAD_BYTES + nLacings
  const bodyBytes = bytes.subarray(PAGE_HEAD_BYTES, headBytes).reduce((sum, lacing) => sum + lacing, 0)
  return { begins: (bytes[5]! & BEGINS) !== 0, bytes: headBytes + bodyBytes }
}
