/** Contents of the hub's cache, whichever program has downloaded them. */

import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isRevision } from './hub-cache.ts'

/** As huggingface_hub names the folder of a model's repository; an owner or name has no double dash. */
const FOLDER = /^models--([^/]+?)--([^/]+)$/

export interface CachedRevision {
  /** `owner/name` */
  readonly repo: string
  /** A branch or tag; what was downloaded by commit alone has none and is not listed. */
  readonly revision: string
}

/** Repositories and their revisions, some of which may not be complete. */
export async function cachedRevisions(hubCacheDir: string): Promise<CachedRevision[]> {
  const found: CachedRevision[] = []
  for (const name of (await readdir(hubCacheDir).catch(() => [])).sort()) {
    const [, owner, repository] = FOLDER.exec(name) ?? []
    if (owner === undefined) continue
    for (const revision of await refsOf(join(hubCacheDir, name)))
      found.push({ repo: `${owner}/${repository}`, revision })
  }
  return found
}

/** @param folder  of a repository in the cache. */
export async function refsOf(folder: string): Promise<string[]> {
  const refs = join(folder, 'refs')
  const entries = await readdir(refs, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(refs, join(parentPath, name)).split(sep).join('/'))
    .filter(isRevision)
    .sort()
}
