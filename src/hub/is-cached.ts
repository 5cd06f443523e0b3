/** Whether a model could be loaded without any network. */

import { stat } from 'node:fs/promises'
import type { HubSettings } from '../config.ts'
import { checkpointFiles, checkpointFilesWithoutTokenizer, tokenizerFiles } from './checkpoint-files.ts'
import type { CheckpointSource } from './origin.ts'
import { hasFilesOf } from './package-index.ts'
import { cachedSnapshot } from './snapshot.ts'
import { ownFolder, REPOSITORY, WHISPER_BASE_WHEELS } from './whisper-base.ts'

/**
 * True when every file of the checkpoint, and of its tokenizer, is on this machine. Looks at names and sizes only: a
 * damaged file shows when the model is loaded.
 */
export async function isCached(
  { origin, tokenizer }: CheckpointSource,
  { hub, cacheDir }: { readonly hub: HubSettings; readonly cacheDir: string },
): Promise<boolean> {
  if (tokenizer !== undefined && !(await cachedSnapshot(hub, tokenizer, 'main', tokenizerFiles))) return false
  switch (origin.kind) {
    case 'folder':
      return (await stat(origin.path).catch(() => undefined))?.isDirectory() ?? false
    case 'hub': {
      const choose = tokenizer === undefined ? checkpointFiles : checkpointFilesWithoutTokenizer
      return (await cachedSnapshot(hub, origin.repo, origin.revision, choose)) !== undefined
    }
    case 'whisper-base': {
      if (await hasFilesOf(WHISPER_BASE_WHEELS, ownFolder(cacheDir))) return true
      return (await cachedSnapshot(hub, REPOSITORY, 'main', checkpointFiles)) !== undefined
    }
  }
}
