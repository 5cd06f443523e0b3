/**
 * Which snapshots this program has brought: the hub's cache is shared with other programs, whose files a caller over HTTP
 * shall not delete. The marks lie in our own cache, so that nothing foreign is in the shared one:
 *
 *     PARADOX_CACHE_DIR/downloads/<digest of the hub cache's path>/models--owner--name/<commit>
 */

import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { HubSettings } from '../config.ts'
import { makeFolder } from '../folders.ts'
import { exists, type HubCache } from './hub-cache.ts'

export class DownloadMarks {
  readonly #root: string

  constructor({ hub, cacheDir }: { readonly hub: Pick<HubSettings, 'cacheDir'>; readonly cacheDir: string }) {
    const name = createHash('sha256').update(resolve(hub.cacheDir)).digest('hex').slice(0, 16)
    this.#root = join(cacheDir, 'downloads', name)
  }

  /** To be called before anything of the snapshot is there. What cannot be noted counts as another program's. */
  async note(cache: HubCache, commit: string): Promise<void> {
    const path = this.#pathOf(cache, commit)
    try {
      await makeFolder(dirname(path))
      await writeFile(path, '')
    } catch {
      // A cache that may not be written keeps no downloads from being used.
    }
  }

  async has(cache: HubCache, commit: string): Promise<boolean> {
    return await exists(this.#pathOf(cache, commit))
  }

  async forget(cache: HubCache, commit: string): Promise<void> {
    await rm(this.#pathOf(cache, commit), { force: true })
  }

  #pathOf(cache: HubCache, commit: string): string {
    return join(this.#root, cache.name, commit)
  }
}
