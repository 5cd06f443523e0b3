/** Takes a checkpoint's files out of the caches, and nothing that another revision needs. */

import { readdir, readlink, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { refsOf } from './cached-repositories.ts'
import { checkpointFilesWithoutTokenizer } from './checkpoint-files.ts'
import { HubCache } from './hub-cache.ts'
import type { Caches } from './is-cached.ts'
import type { CheckpointOrigin } from './origin.ts'
import { ownFolder, REPOSITORY } from './whisper-base.ts'

/** Where files were brought from, so that they can be brought again. */
export type RemovableOrigin = Exclude<CheckpointOrigin, { readonly kind: 'folder' }>

/**
 * Removes a checkpoint as far as it is there, also what a download that broke off has left of it. A tokenizer that comes
 * from another repository stays: other models may use it.
 *
 * @returns false when there was nothing of it.
 */
export async function removeCached(origin: RemovableOrigin, { hub, cacheDir }: Caches): Promise<boolean> {
  if (origin.kind === 'hub') return await removeRevision(new HubCache(hub.cacheDir, origin.repo), origin.revision)
  const own = ownFolder(cacheDir)
  const wasOwn = (await stat(own).catch(() => undefined)) !== undefined
  await rm(own, { recursive: true, force: true })
  return (await removeRevision(new HubCache(hub.cacheDir, REPOSITORY), 'main')) || wasOwn
}

/**
 * As `huggingface_hub` deletes a revision: its snapshot, every name that stands for that, and the blobs that no other
 * snapshot links to. Names go first, so that no program finds half of it.
 *
 * A snapshot that has not the weights is left alone where a name stands for it: it serves as another model's tokenizer.
 */
async function removeRevision(cache: HubCache, revision: string): Promise<boolean> {
  const snapshots = await namesIn(join(cache.folder, 'snapshots'))
  const commits = new Map<string, string | undefined>()
  for (const name of await refsOf(cache.folder)) commits.set(name, await cache.commitOf(name))

  const commit = await cache.commitOf(revision)
  const doomed: string[] = []
  for (const snapshot of snapshots) {
    const isWhole = (await cache.completeSnapshot(snapshot, checkpointFilesWithoutTokenizer)) !== undefined
    const isLeftover = !isWhole && ![...commits.values()].includes(snapshot)
    if (isLeftover || (isWhole && snapshot === commit)) doomed.push(snapshot)
  }
  if (doomed.length === 0 && (snapshots.length > 0 || !(await exists(cache.folder)))) return false

  for (const [name, named] of commits) {
    if (named !== undefined && doomed.includes(named)) await removeRef(join(cache.folder, 'refs'), name)
  }
  for (const snapshot of doomed) await rm(cache.snapshotFolder(snapshot), { recursive: true, force: true })
  if (doomed.length === snapshots.length) await rm(cache.folder, { recursive: true, force: true })
  else await removeUnlinkedBlobs(cache.folder)
  return true
}

async function removeRef(refs: string, name: string): Promise<void> {
  await rm(join(refs, name), { force: true })
  for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) {
    await rmdir(join(refs, folder)).catch(() => {}) // another name lies in it
  }
}

async function removeUnlinkedBlobs(folder: string): Promise<void> {
  const blobs = join(folder, 'blobs')
  const linked = new Set<string>()
  for (const entry of await readdir(join(folder, 'snapshots'), { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue
    const target = resolve(entry.parentPath, await readlink(join(entry.parentPath, entry.name)))
    if (dirname(target) === resolve(blobs)) linked.add(basename(target))
  }
  for (const name of await namesIn(blobs)) if (!linked.has(name)) await rm(join(blobs, name), { force: true })
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
