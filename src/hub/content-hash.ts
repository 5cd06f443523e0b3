/** Hashes of files, by which the hub and our own lists name exact contents. */

import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'

const READ_BYTES = 1024 * 1024

/** SHA-256 of the file, in hexadecimal. */
export function sha256OfFile(path: string, signal: AbortSignal): Promise<string> {
  return hashFile(path, createHash('sha256'), signal)
}

/**
 * True when the file is the one that the hub calls `etag`: the SHA-256 of a large file (64 digits), git's blob id of a
 * small one (40 digits: SHA-1 over a header and the contents).
 */
export async function hasContentOf(etag: string, path: string, size: number, signal: AbortSignal): Promise<boolean> {
  const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
  return (await hashFile(path, hash, signal)) === etag
}

async function hashFile(path: string, hash: Hash, signal: AbortSignal): Promise<string> {
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES, signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
