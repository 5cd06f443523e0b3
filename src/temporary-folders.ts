/**
 * Temporary folders that outlive no process for long: each bears the name of the process that made it, so that what a
 * killed one has left is told from a living one's and deleted at the next start of any command. Programs that cannot see
 * each other's processes, as in two containers, need separate folders to make them in.
 */

import { mkdtempSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from './folders.ts'
import { type Logger, silentLogger } from './logger.ts'
import { isAlive, ownIdentity } from './processes/process-identity.ts'

const NAME = /^paradox-asr-(\d+-\d+)(?:-[a-z-]+-\w{6})?$/

/** Contents, for people who look into the folder. */
export type Purpose = 'bench' | 'compiled' | 'formats' | 'recording' | 'stdin' | 'trial' | 'warm-up'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/** The one folder of this process that has no purpose in its name. Its user makes it and deletes it. */
export function processFolder(parent: string): string {
  return join(parent, `paradox-asr-${ownIdentity()}`)
}

/**
 * A new folder in `parent`, which is made where it is missing, for this user alone. Disposing of it deletes it and all
 * that is in it.
 */
export async function temporaryFolder(parent: string, purpose: Purpose): Promise<TemporaryFolder> {
  await makeFolder(parent)
  const path = await mkdtemp(prefixOf(parent, purpose))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** The same, at once, in a parent that is there; the caller deletes it. */
export function temporaryFolderSync(parent: string, purpose: Purpose): string {
  return mkdtempSync(prefixOf(parent, purpose))
}

function prefixOf(parent: string, purpose: Purpose): string {
  return `${processFolder(parent)}-${purpose}-`
}

/** Deletes the folders of processes that are no more. What cannot be deleted is logged and left. */
export async function sweepTemporaryFolders(parents: Iterable<string>, logger: Logger = silentLogger): Promise<void> {
  for (const parent of new Set(parents)) {
    for (const name of await readdir(parent).catch(() => [])) {
      const [, owner] = NAME.exec(name) ?? []
      if (owner === undefined || isAlive(owner)) continue
      const path = join(parent, name)
      try {
        if (!(await isOwnFolder(path))) continue
        await rm(path, { recursive: true, force: true })
        logger.info({ folder: name }, 'deleted the temporary files that a killed process had left')
      } catch (err) {
        logger.warn({ err, folder: name }, 'could not delete the temporary files that a killed process had left')
      }
    }
  }
}

/** In a shared folder such as /tmp another user, or a link that leads elsewhere, may have such a name. */
export async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path)
  return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)
}
