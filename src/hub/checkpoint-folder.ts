/** The one door of this folder: an origin goes in, a local folder with the checkpoint's files comes out. */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { HubSettings } from '../config.ts'
import { CheckpointFileMissingError } from '../errors/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { checkpointFiles, checkpointFilesWithoutTokenizer, hasTokenizer, tokenizerFiles } from './checkpoint-files.ts'
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
      const folder = await fetchSnapshot(origin.repo, origin.revision, choose, snapshotOptions)
      return { folder, tokenizerFolder: tokenizerFolder ?? (await standardTokenizer(folder, snapshotOptions)) }
    }
    case 'whisper-base':
      return { folder: await whisperBaseFolder(cacheDir, env, snapshotOptions), tokenizerFolder }
  }
}

/** Repositories whose tokenizers every Whisper of that vocabulary shares; the LiteASR ones ship none of their own. */
const TOKENIZER_OF_VOCABULARY: Readonly<Record<number, string>> = {
  51864: 'openai/whisper-tiny.en',
  51865: 'openai/whisper-tiny',
  51866: 'openai/whisper-large-v3',
}

/** undefined where the folder has a tokenizer, or where it cannot be told which would fit. */
async function standardTokenizer(folder: string, options: SnapshotOptions): Promise<string | undefined> {
  if (hasTokenizer(await readdir(folder))) return undefined
  // A config that cannot be read is reported by whoever opens the checkpoint.
  const json = readFile(join(folder, 'config.json'), 'utf8').then(JSON.parse)
  const config: { vocab_size?: unknown } | null = await json.catch(() => null)
  const vocabSize = config?.vocab_size
  const repository = typeof vocabSize === 'number' ? TOKENIZER_OF_VOCABULARY[vocabSize] : undefined
  return repository === undefined ? undefined : await fetchSnapshot(repository, 'main', tokenizerFiles, options)
}

async function existingFolder(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isDirectory()) return path
  throw new CheckpointFileMissingError(
    'its folder, which is not there or may not be read',
    'Correct the folder that was given, or the "path" of this model in MODELS_FILE.',
  )
}
