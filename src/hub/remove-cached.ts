/** Takes a checkpoint's files out of the caches, and nothing that another revision needs. */

import { readdir, readlink, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { refsOf } from './cached-repositories.ts'
import { checkpointFilesWithoutTokenizer } from './checkpoint-files.ts'
import { isPartial } from './download-blob.ts'
import { DownloadMarks } from './download-marks.ts'
import { exists, HubCache } from './hub-cache.ts'
import type { Caches } from './is-cached.ts'
import type { CheckpointOrigin } from './origin.ts'
import { ownFolder, REPOSITORY } from './whisper-base.ts'

/** Where files were brought from, so that they can be brought again. */
export type RemovableOrigin = Exclude<CheckpointOrigin, { readonly kind: 'folder' }>

/** What is there to be removed: something, nothing, or only what another program has brought. */
export type Removable = 'something' | 'nothing' | 'foreign'

export interface RemovalOptions {
  /** Only what this program has downloaded; the other way is for who owns the machine. */
  readonly onlyOwn?: boolean | undefined
}

/**
 * Removes a checkpoint as far as it is there, also what a download that broke off has left of it. A tokenizer that comes
 * from another repository stays: other models may use it.
 *
 * @returns what there was; nothing has been touched unless that is something.
 */
export async function removeCached(
  origin: RemovableOrigin,
  caches: Caches,
  options: RemovalOptions = {},
): Promise<Removable> {
  const removal = await planOf(origin, caches, options)
  if (removal.found === 'something') await carryOut(removal)
  if (origin.kind === 'hub') return removal.found
  const own = ownFolder(caches.cacheDir)
  if (!(await exists(own))) return removal.found
  await rm(own, { recursive: true, force: true })
  return 'something'
}

/** What `removeCached` would return. */
export async function findRemovable(
  origin: RemovableOrigin,
  caches: Caches,
  options: RemovalOptions = {},
): Promise<Removable> {
  const { found } = await planOf(origin, caches, options)
  return origin.kind !== 'hub' && (await exists(ownFolder(caches.cacheDir))) ? 'something' : found
}

interface Removal {
  readonly found: Removable
  readonly cache: HubCache
  readonly marks: DownloadMarks
  readonly snapshots: readonly string[]
  readonly doomed: readonly string[]
  /** Name → commit. */
  readonly names: ReadonlyMap<string, string | undefined>
  readonly onlyOwn: boolean
}

/**
 * A snapshot that has not the weights is left alone where a name stands for it: it serves as another model's tokenizer.
 */
async function planOf(origin: RemovableOrigin, caches: Caches, { onlyOwn = false }: RemovalOptions): Promise<Removal> {
  const [repo, revision] = origin.kind === 'hub' ? [origin.repo, origin.revision] : [REPOSITORY, 'main']
  const cache = new HubCache(caches.hub.cacheDir, repo)
  const marks = new DownloadMarks(caches)
  const snapshots = await namesIn(join(cache.folder, 'snapshots'))
  const names = new Map<string, string | undefined>()
  for (const name of await refsOf(cache.folder)) names.set(name, await cache.commitOf(name))

  const commit = await cache.commitOf(revision)
  const removable: string[] = []
  for (const snapshot of snapshots) {
    const isWhole = (await cache.completeSnapshot(snapshot, checkpointFilesWithoutTokenizer)) !== undefined
    const isLeftover = !isWhole && ![...names.values()].includes(snapshot)
    if (isLeftover || (isWhole && snapshot === commit)) removable.push(snapshot)
  }
  const isOwn = await Promise.all(removable.map((snapshot) => marks.has(cache, snapshot)))
  const doomed = onlyOwn ? removable.filter((_, i) => isOwn[i]) : removable
  // Of a download that broke off before its first file was whole there is a folder and no snapshot.
  const isRemnant = !onlyOwn && snapshots.length === 0 && (await exists(cache.folder))
  const isForeign =
    removable.length > 0 && (doomed.length === 0 || isAmong(commit, removable) !== isAmong(commit, doomed))
  const found = isForeign ? 'foreign' : doomed.length > 0 || isRemnant ? 'something' : 'nothing'
  return { found, cache, marks, snapshots, doomed, names, onlyOwn }
}

function isAmong(commit: string | undefined, snapshots: readonly string[]): boolean {
  return commit !== undefined && snapshots.includes(commit)
}

/**
 * As `huggingface_hub` deletes a revision: its snapshot, every name that stands for that, and the blobs that no other
 * snapshot links to. Names go first, so that no program finds half of it.
 */
async function carryOut({ cache, marks, snapshots, doomed, names, onlyOwn }: Removal): Promise<void> {
  for (const [name, commit] of names) {
    if (commit !== undefined && doomed.includes(commit)) await removeRef(join(cache.folder, 'refs'), name)
  }
  const linked = await linkedBlobs(cache, doomed)
  for (const snapshot of doomed) {
    await rm(cache.snapshotFolder(snapshot), { recursive: true, force: true })
    await marks.forget(cache, snapshot)
  }
  const needed = await linkedBlobs(
    cache,
    snapshots.filter((snapshot) => !doomed.includes(snapshot)),
  )
  const blobs = join(cache.folder, 'blobs')
  for (const blob of await namesIn(blobs)) {
    // Another program may just be downloading a blob that nothing links to yet.
    const isOurs = linked.has(blob) || isPartial(blob)
    if (!needed.has(blob) && (isOurs || !onlyOwn)) await rm(join(blobs, blob), { force: true })
  }
  const isEmpty = doomed.length === snapshots.length && (await namesIn(blobs)).length === 0
  if (isEmpty) await rm(cache.folder, { recursive: true, force: true })
}

async function removeRef(refs: string, name: string): Promise<void> {
  await rm(join(refs, name), { force: true })
  for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) {
    await rmdir(join(refs, folder)).catch(() => {}) // another name lies in it
  }
}

async function linkedBlobs(cache: HubCache, snapshots: readonly string[]): Promise<ReadonlySet<string>> {
  const blobs = resolve(cache.folder, 'blobs')
  const linked = new Set<string>()
  for (const snapshot of snapshots) {
    for (const entry of await readdir(cache.snapshotFolder(snapshot), { recursive: true, withFileTypes: true })) {
      if (!entry.isSymbolicLink()) continue
      const target = resolve(entry.parentPath, await readlink(join(entry.parentPath, entry.name)))
      if (dirname(target) === blobs) linked.add(basename(target))
    }
  }
  return linked
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}
