/**
 * Folders with all that are missing above them. Node's own recursive mkdir never ends below /proc, and says of a disk
 * that is mounted read-only that the parent is not there.
 */

import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CacheSharedError } from './errors/index.ts'

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
export function makeFolderSync(folder: string, mode?: number): void {
  if (isFolderSync(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolderSync(parent, mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if (!isFolderSync(folder)) throw error
  }
}

/** Whatever the umask says. */
const WRITTEN_BY_OWNER = 0o755
const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002

/**
 * Makes a folder of a cache of which what lies in it is run, or believed, and does not let it pass where others may write.
 *
 * @throws {CacheSharedError}
 */
export function claimFolderSync(cacheDir: string, name: string): void {
  try {
    makeFolderSync(join(cacheDir, name), WRITTEN_BY_OWNER)
  } catch {
    // Who needs to write will say so.
  }
  const shared = sharedFolder(cacheDir, name)
  if (shared !== undefined) throw new CacheSharedError(shared)
}

/**
 * Which of a cache and a folder in it belongs to another user than this one and root, or may be written to by others. The
 * group may where it is root's or this user's own, as it is with a umask of 002 and in volumes of Kubernetes; in
 * `cacheDir` itself all may where it is sticky, as /tmp is. `bin/paradox` has the same rule for Node's code.
 */
export function sharedFolder(cacheDir: string, name: string): string | undefined {
  if (!isOwn(cacheDir, STICKY)) return cacheDir
  return isOwn(join(cacheDir, name)) ? undefined : join(cacheDir, name)
}

/** @param excuse  a bit of the mode with which others may write. */
function isOwn(folder: string, excuse = 0): boolean {
  const user = process.getuid?.()
  const found = statSync(folder, { throwIfNoEntry: false })
  if (user === undefined || !found?.isDirectory()) return true
  const owners = [0, user]
  if (!owners.includes(found.uid)) return false
  if ((found.mode & excuse) !== 0) return true
  return (found.mode & OTHERS_WRITE) === 0 && ((found.mode & GROUP_WRITES) === 0 || owners.includes(found.gid))
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
