/**
 * The part of the standard hub cache that belongs to one repository, laid out as Python's huggingface_hub does, so that
 * either side finds what the other has downloaded:
 *
 *     models--owner--name/blobs/<etag>                    contents
 *     models--owner--name/snapshots/<commit>/config.json  → ../../blobs/<etag>
 *     models--owner--name/refs/<revision>                 the commit, as text
 *     .locks/models--owner--name/                         locks
 *
 * @see huggingface/huggingface_hub:src/huggingface_hub/file_download.py `hf_hub_download`
 */

import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { getRepoFolderName } from '@huggingface/hub'
import { requireJsonObject } from '../checkpoint/json-file.ts'
import { AsrError } from '../errors/index.ts'
import { makeFolder } from '../folders.ts'
import type { FileChoice, FileListing } from './checkpoint-files.ts'
import { partialPath } from './download-blob.ts'
import { COMMIT, type RepoFile } from './hub-client.ts'

/** Characters that git allows in a name of a branch or tag, less the rare; it becomes part of a path below `refs`. */
const REVISION = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/

export function isRevision(name: string): boolean {
  return REVISION.test(name)
}

export class HubCache {
  /** Of its folder: `models--owner--name`. */
  readonly name: string
  readonly folder: string
  readonly #locks: string

  constructor(cacheDir: string, repo: string) {
    this.name = getRepoFolderName({ type: 'model', name: repo })
    this.folder = join(cacheDir, this.name)
    this.#locks = join(cacheDir, '.locks', this.name)
  }

  blobPath(etag: string): string {
    return join(this.folder, 'blobs', etag)
  }

  /** Python's lock of the same blob is a file `<etag>.lock`; ours is a folder, so it needs another name. */
  lockPath(etag: string): string {
    return join(this.#locks, `${etag}.paradox.lock`)
  }

  snapshotFolder(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** The commit that `revision` stood for when it was last downloaded. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (COMMIT.test(revision)) return revision
    if (!isRevision(revision)) return undefined
    try {
      const commit = (await readFile(this.#refPath(revision), 'utf8')).trim()
      return COMMIT.test(commit) ? commit : undefined
    } catch {
      return undefined
    }
  }

  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return
    const path = this.#refPath(revision)
    await makeFolder(dirname(path))
    const temporary = `${path}.${randomUUID()}.tmp`
    await writeFile(temporary, commit)
    await rename(temporary, path)
  }

  /** The snapshot's folder when it holds everything that `choose` asks for, whichever program downloaded it. */
  async completeSnapshot(commit: string, choose: FileChoice): Promise<string | undefined> {
    const folder = this.snapshotFolder(commit)
    try {
      await choose(listingOf(folder, await presentFiles(folder)))
      return folder
    } catch (error) {
      if (error instanceof AsrError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Whether anything of the snapshot is there. */
  async hasSnapshot(commit: string): Promise<boolean> {
    return await exists(this.snapshotFolder(commit))
  }

  async hasBlob({ etag, size }: RepoFile): Promise<boolean> {
    return (await fileSize(this.blobPath(etag))) === size
  }

  /** Bytes of the file that are not on this machine; those of an unfinished download count as here. */
  async missingBytes(commit: string, file: RepoFile): Promise<number> {
    if ((await this.hasFile(commit, file)) || (await this.hasBlob(file))) return 0
    const partial = (await fileSize(partialPath(this.blobPath(file.etag)))) ?? 0
    return Math.max(0, file.size - partial)
  }

  async hasFile(commit: string, { name, size }: RepoFile): Promise<boolean> {
    return (await fileSize(join(this.snapshotFolder(commit), name))) === size
  }

  /** Makes the file appear in the snapshot; its blob must be there. */
  async link(commit: string, { name, etag }: RepoFile): Promise<void> {
    const path = join(this.snapshotFolder(commit), name)
    await makeFolder(dirname(path))
    // Made under another name first, since a link that is there already, dangling or not, cannot be overwritten.
    const temporary = `${path}.${randomUUID()}.tmp`
    await symlink(relative(dirname(path), this.blobPath(etag)), temporary)
    await rename(temporary, path)
  }

  #refPath(revision: string): string {
    return join(this.folder, 'refs', revision)
  }
}

/** Names of the files whose contents are there: a link without its blob does not count. */
async function presentFiles(folder: string): Promise<readonly string[]> {
  const present: string[] = []
  for (const name of await readdir(folder)) {
    if ((await fileSize(join(folder, name))) !== undefined) present.push(name)
  }
  return present
}

/** The files to choose from, where the small ones lie in a folder. */
export function listingOf(folder: string, names: readonly string[]): FileListing {
  return { names, readJson: (name) => requireJsonObject(folder, name, 'Download the checkpoint again.') }
}

/** A file or a folder that can be looked at. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function fileSize(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined)
  return stats?.isFile() ? stats.size : undefined
}
