/** Whether a model's files are on this machine, so that it could be loaded without any network. */

import { stat } from 'node:fs/promises'
import type { HubSettings } from '../config.ts'
import { checkpointFiles, checkpointFilesWithoutTokenizer, processorFiles } from './checkpoint-files.ts'
import type { CheckpointSource } from './origin.ts'
import { hasFilesOf } from './package-index.ts'
import { cachedSnapshot } from './snapshot.ts'
import type { SnapshotMemo } from './snapshot-memo.ts'
import { ownFolder, REPOSITORY, WHISPER_BASE_WHEELS } from './whisper-base.ts'

/** Where checkpoints are kept: the hub's cache, and our own for what comes from the package index. */
export interface Caches {
  readonly hub: HubSettings
  readonly cacheDir: string
  /** Of who asks again and again. */
  readonly memo?: SnapshotMemo
}

/**
 * True when every file of the checkpoint, and of its tokenizer, is on this machine. Looks at names and sizes only: a
 * damaged file shows when the model is loaded.
 */
export async function isCached(source: CheckpointSource, caches: Caches): Promise<boolean> {
  const { tokenizer } = source
  if (tokenizer !== undefined && !(await cachedSnapshot(caches.hub, tokenizer, 'main', processorFiles, caches.memo)))
    return false
  return (await cachedFolder(source, caches)) !== undefined
}

/** The folder with the checkpoint's own files; undefined where one is missing. Its tokenizer may still be. */
export async function cachedFolder(
  { origin, tokenizer }: CheckpointSource,
  { hub, cacheDir, memo }: Caches,
): Promise<string | undefined> {
  switch (origin.kind) {
    case 'folder': {
      const stats = await stat(origin.path).catch(() => undefined)
      return stats?.isDirectory() ? origin.path : undefined
    }
    case 'hub': {
      const choose = tokenizer === undefined ? checkpointFiles : checkpointFilesWithoutTokenizer
      return await cachedSnapshot(hub, origin.repo, origin.revision, choose, memo)
    }
    case 'whisper-base': {
      const own = ownFolder(cacheDir)
      if (await hasFilesOf(WHISPER_BASE_WHEELS, own)) return own
      return await cachedSnapshot(hub, REPOSITORY, 'main', checkpointFiles, memo)
    }
  }
}
