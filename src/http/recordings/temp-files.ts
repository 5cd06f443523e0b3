/**
 * Uploads on the disk: one private folder per process, named after it, so that what a killed process left behind can be
 * told from a living one's files. Services that cannot see each other's processes need separate TEMP_DIRs.
 */

import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { makeFolder } from '../../folders.ts'
import type { Logger } from '../../logger.ts'
import { isAlive, ownIdentity } from '../../processes/process-identity.ts'

const FOLDER_NAME = /^paradox-asr-(\d+-\d+)$/

export interface TempFile extends AsyncDisposable {
  readonly path: string
}

/** Hands out names of files, not open files, and remembers them so that disposal leaves nothing behind. */
export class TempFiles implements AsyncDisposable {
  readonly #parent: string
  readonly #folder: string
  readonly #paths = new Set<string>()

  constructor(parent: string) {
    this.#parent = parent
    this.#folder = join(parent, `paradox-asr-${ownIdentity()}`)
  }

  /**
   * Makes the folder, again if need be: systems clear old folders out of /tmp while a service runs for weeks.
   *
   * @throws {Error} when the name is taken by something that is not this user's own folder.
   */
  async ensureFolder(): Promise<void> {
    await makeFolder(this.#parent)
    try {
      await mkdir(this.#folder, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      // In a shared /tmp another user could have made it first, to read the recordings.
      const found = await lstat(this.#folder)
      const ours = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)
      if (!ours) throw new Error(`${this.#folder} exists and is not a folder of this user.`)
    }
  }

  /** A fresh name with the suffix of the original; the caller creates the file, disposal deletes it. */
  reserve(originalName: string): TempFile {
    const path = join(this.#folder, `${randomUUID()}${safeSuffix(originalName)}`)
    this.#paths.add(path)
    return { path, [Symbol.asyncDispose]: () => this.#remove(path) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#paths, (path) => this.#remove(path)))
    await rmdir(this.#folder).catch(() => {}) // never made, or shared with a second service in this process
  }

  async #remove(path: string): Promise<void> {
    await rm(path, { force: true })
    this.#paths.delete(path)
  }
}

/**
 * The part of a client's file name that is kept: its last extension, if it is plain.
 *
 * @returns ".ogg", or "" when the extension is missing, odd or longer than 16 characters.
 */
export function safeSuffix(originalName: string): string {
  const baseName = originalName.slice(Math.max(originalName.lastIndexOf('/'), originalName.lastIndexOf('\\')) + 1)
  const suffix = extname(baseName)
  return /^\.[A-Za-z0-9]{1,16}$/.test(suffix) ? suffix : ''
}

/** Deletes the folders of processes that are no more. What cannot be deleted is logged and left. */
export async function sweepLeftovers(parent: string, logger: Logger): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const [, owner] = FOLDER_NAME.exec(name) ?? []
    if (owner === undefined || isAlive(owner)) continue
    try {
      await rm(join(parent, name), { recursive: true, force: true })
      logger.info({ folder: name }, 'deleted the uploads that a killed process had left')
    } catch (err) {
      logger.warn({ err, folder: name }, 'could not delete the uploads that a killed process had left')
    }
  }
}
