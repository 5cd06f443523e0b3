/** What the structure of a file tells that ffmpeg does not: whether it is whole, how long it is, what it is made of. */

import { type FileHandle, open } from 'node:fs/promises'
import { readAt } from '../read-at.ts'
import { adtsStructure, beginsAdtsFrame } from './adts-structure.ts'
import { amrStructure } from './amr-structure.ts'
import { beginsMp4, mp4Structure } from './mp4-structure.ts'
import { oggStructure } from './ogg-structure.ts'
import type { Parts } from './part.ts'
import { wavParts } from './wav-parts.ts'

export interface Structure {
  /** Exact length of the sound. */
  readonly seconds?: number
  /** The file ends before its last piece does. */
  readonly isCutOff?: boolean
  /** Parts follow each other that were files of their own; the length that ffmpeg tells is that of one of them. */
  readonly isChained?: boolean
  /** False where ffmpeg misreads the times of later parts. */
  readonly isClockRight?: boolean
  /** What the file is read as, if not as a whole. */
  readonly several?: Parts
}

/** @returns nothing for other formats, and for a file that cannot be read: ffmpeg has the word for that. */
export async function structureOf(path: string): Promise<Structure> {
  try {
    await using file = await open(path)
    const head = await readAt(file, 0, 16)
    const startsWith = (magic: string) => head.toString('latin1', 0, magic.length) === magic
    if (startsWith('OggS')) return await oggStructure(file)
    if (startsWith('RIFF')) return await riffStructure(file, head)
    if (startsWith('#!AMR')) return await amrStructure(file)
    if (beginsMp4(head)) return await mp4Structure(file)
    if (beginsAdtsFrame(head)) return await adtsStructure(file)
  } catch {
    // ffmpeg will say what is wrong with it.
  }
  return {}
}

async function riffStructure(file: FileHandle, head: Buffer): Promise<Structure> {
  if (head.toString('latin1', 8, 12) === 'AVI ') {
    const { size } = await file.stat()
    return { isCutOff: 8 + head.readUInt32LE(4) > size }
  }
  const wav = await wavParts(file)
  if (!wav) return {}
  const isUsual = wav.parts.length === 1 && !wav.parts[0]!.isLongerThanPromised
  return { isCutOff: wav.isCutOff, ...(!isUsual && { several: wav }) }
}
