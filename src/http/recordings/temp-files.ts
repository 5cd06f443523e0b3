/** Uploads on the disk: one private folder per process, named after it. */

import { randomUUID } from 'node:crypto'
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { makeFolder } from '../../folders.ts'
import { isOwnFolder, processFolder } from '../../temporary-folders.ts'

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
    this.#folder = processFolder(parent)
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
      if (!(await isOwnFolder(this.#folder)))
        throw new Error(`${this.#folder} exists and is not a folder of this user.`)
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
