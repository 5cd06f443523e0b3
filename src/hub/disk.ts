/** The disk that downloads go to: is there room, asked before one begins, and what its failures mean. */

import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  AsrError,
  CacheUnwritableError,
  DiskFullError,
  DiskTooSmallError,
  isDiskFull,
  isWriteRefused,
} from '../errors/index.ts'

/** Disk space that a checkpoint needs after its download. */
export interface RoomToCompile {
  /** Where it is compiled to; it need not be there yet. */
  readonly folder: string
  readonly bytesFor: (nParameters: number) => number
}

export interface RoomNeeded {
  readonly repo: string
  /** Where the download goes; it need not be there yet. */
  readonly folder: string
  readonly downloadBytes: number
  readonly nParameters: number
  readonly compile: RoomToCompile | undefined
}

/** Less than this is not asked for: tokenizers and the like. */
const WORTH_ASKING = 50 * 1000 ** 2

/** @throws {DiskTooSmallError} */
export async function checkRoom({ repo, folder, downloadBytes, nParameters, compile }: RoomNeeded): Promise<void> {
  const compileBytes = compile?.bytesFor(nParameters) ?? 0
  if (downloadBytes === 0 || downloadBytes + compileBytes < WORTH_ASKING) return
  const download = await diskOf(folder)
  const compiled = compile && (await diskOf(compile.folder))
  const isSameDisk = compiled !== undefined && compiled.device === download.device
  const needs = { downloadBytes, compileBytes }
  if (download.freeBytes < downloadBytes + (isSameDisk ? compileBytes : 0)) {
    throw new DiskTooSmallError(repo, needs, download.freeBytes)
  }
  if (compiled && compiled.freeBytes < compileBytes) throw new DiskTooSmallError(repo, needs, compiled.freeBytes)
}

/** The disk of the nearest folder above that is there. */
async function diskOf(folder: string): Promise<{ device: number; freeBytes: number }> {
  try {
    const [{ dev }, { bavail, bsize }] = await Promise.all([stat(folder), statfs(folder)])
    return { device: dev, freeBytes: bavail * bsize }
  } catch (error) {
    const above = dirname(folder)
    if (above === folder) throw error
    return await diskOf(above)
  }
}

/**
 * The expected failure that stands behind an error of the file system, or the error itself.
 *
 * @param what  what was being stored, as it fits into a sentence: "repository 'a/b'".
 */
export function diskFailure(what: string, error: unknown): unknown {
  if (error instanceof AsrError) return error
  if (isDiskFull(error)) return new DiskFullError(what, { cause: error })
  return isWriteRefused(error) ? new CacheUnwritableError(what, { cause: error }) : error
}
