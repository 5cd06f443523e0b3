/** The one door of this folder: an origin goes in, a local folder with the checkpoint's files comes out. */

import { stat } from 'node:fs/promises'
import type { HubSettings } from '../config.ts'
import { CheckpointFileMissingError } from '../errors.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { checkpointFiles, checkpointFilesWithoutTokenizer, tokenizerFiles } from './checkpoint-files.ts'
import type { CheckpointSource } from './origin.ts'
import type { OnProgress } from './progress.ts'
import { type Wait, waitForReal } from './retry.ts'
import { fetchSnapshot, type SnapshotOptions } from './snapshot.ts'
import { whisperBaseFolder } from './whisper-base.ts'

export interface ResolveOptions {
  readonly hub: HubSettings
  /** Our own cache, for what comes from the package index. */
  readonly cacheDir: string
  readonly signal: AbortSignal
  /** Called while files arrive from the hub, at most about a hundred times for each repository. */
  readonly onProgress?: OnProgress | undefined
  readonly log?: Logger | undefined
  /** How pauses between attempts are made; tests give one that returns at once. */
  readonly wait?: Wait | undefined
  /** Environment of `pip`. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface CheckpointFolder {
  readonly folder: string
  /** Where the tokenizer's files are, if not in `folder`. */
  readonly tokenizerFolder: string | undefined
}

/**
 * Finds or fetches the files of a checkpoint. The folders belong to a cache that others use too: read, never write.
 *
 * @throws {CheckpointFileMissingError} when the folder or the repository lacks what is needed.
 * @throws {AsrError} see `fetchSnapshot`; {SourcesExhaustedError} for Whisper base. `AbortError` after an abort.
 */
export async function resolveCheckpointFolder(
  { origin, tokenizer }: CheckpointSource,
  { cacheDir, env = process.env, ...options }: ResolveOptions,
): Promise<CheckpointFolder> {
  const snapshotOptions: SnapshotOptions = {
    hub: options.hub,
    signal: options.signal,
    log: options.log ?? silentLogger,
    wait: options.wait ?? waitForReal,
    onProgress: options.onProgress,
  }
  // First, because it is small: what is wrong with it should show before gigabytes are fetched.
  const tokenizerFolder =
    tokenizer === undefined ? undefined : await fetchSnapshot(tokenizer, 'main', tokenizerFiles, snapshotOptions)

  switch (origin.kind) {
    case 'folder':
      return { folder: await existingFolder(origin.path), tokenizerFolder }
    case 'hub': {
      const choose = tokenizer === undefined ? checkpointFiles : checkpointFilesWithoutTokenizer
      return { folder: await fetchSnapshot(origin.repo, origin.revision, choose, snapshotOptions), tokenizerFolder }
    }
    case 'whisper-base':
      return { folder: await whisperBaseFolder(cacheDir, env, snapshotOptions), tokenizerFolder }
  }
}

async function existingFolder(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isDirectory()) return path
  throw new CheckpointFileMissingError(
    'its folder, which is not there or may not be read',
    'Correct the folder that was given, or the "path" of this model in MODELS_FILE.',
  )
}
