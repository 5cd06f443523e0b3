/**
 * Folders with all that are missing above them. Node's own recursive mkdir never ends below /proc, and says of a disk
 * that is mounted read-only that the parent is not there.
 */

import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** @throws {NodeJS.ErrnoException} what the system says of the first folder that cannot be made. */
export async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) await makeFolder(parent)
  try {
    await mkdir(folder)
  } catch (error) {
    if (!(await isFolder(folder))) throw error // else another process has made it meanwhile
  }
}

/** The same, at once. */
export function makeFolderSync(folder: string): void {
  if (isFolderSync(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolderSync(parent)
  try {
    mkdirSync(folder)
  } catch (error) {
    if (!isFolderSync(folder)) throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

function isFolderSync(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
