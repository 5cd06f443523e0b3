/** Which snapshots were found complete, as long as nothing has changed in their folders: two questions to the disk instead of twenty. */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileChoice } from './checkpoint-files.ts'
import type { HubCache } from './hub-cache.ts'

/** A change within one tick of the file system's clock leaves the time as it was; so what is fresh is not remembered. */
const SETTLED_MS = 2_000

interface Found {
  readonly stamp: string
  readonly folder: string | undefined
}

export class SnapshotMemo {
  readonly #now: () => number
  readonly #found = new Map<FileChoice, Map<string, Found>>()

  /** @param now  milliseconds since 1970, the clock of the files. */
  constructor(now = Date.now) {
    this.#now = now
  }

  /** As `cache.completeSnapshot`. */
  async completeSnapshot(cache: HubCache, commit: string, choose: FileChoice): Promise<string | undefined> {
    const path = cache.snapshotFolder(commit)
    const changed = await Promise.all([path, join(cache.folder, 'blobs')].map(changedMs))
    const ofChoice = this.#found.get(choose) ?? new Map<string, Found>()
    this.#found.set(choose, ofChoice)
    const stamp = changed.join()
    const known = ofChoice.get(path)
    if (known?.stamp === stamp) return known.folder

    const folder = await cache.completeSnapshot(commit, choose)
    if (changed.every((ms) => ms !== undefined && ms < this.#now() - SETTLED_MS)) ofChoice.set(path, { stamp, folder })
    else ofChoice.delete(path)
    return folder
  }
}

async function changedMs(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs
}
