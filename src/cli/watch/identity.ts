/** What tells a recording from another, and from itself before it grew, without reading all of a large one. */

import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { readAt } from '../../read-at.ts'

export interface Identity {
  readonly bytes: number
  readonly mtimeMs: number
  /** Hash of the first and the last 32 kB, which of a small file are all of it. */
  readonly ends: string
}

const END_BYTES = 32 * 1024

/** @throws {NodeJS.ErrnoException} of a file that is not there or cannot be read. */
export async function identify(path: string): Promise<Identity> {
  await using file = await open(path)
  const { size: bytes, mtimeMs } = await file.stat()
  const hash = createHash('sha256')
  for (const start of new Set([0, Math.max(0, bytes - END_BYTES)])) {
    hash.update(await readAt(file, start, END_BYTES))
  }
  return { bytes, mtimeMs, ends: hash.digest('base64url') }
}

/** The time counts only where the hash leaves a part of the file out: copies and synchronisation change it. */
export function isSame(a: Identity, b: Identity): boolean {
  return a.bytes === b.bytes && a.ends === b.ends && (a.mtimeMs === b.mtimeMs || a.bytes <= 2 * END_BYTES)
}

/**
 * Tells a file from what it is after a change, by the directory alone; undefined where there is no file.
 *
 * @throws {NodeJS.ErrnoException} where that cannot be found out (EACCES, EIO).
 */
export async function fileState(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path)
    return stats.isFile() ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
