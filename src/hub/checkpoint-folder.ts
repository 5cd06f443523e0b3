/** The entry of this folder: an origin goes in, a local folder with the checkpoint's files comes out. */

import { readdir, stat } from 'node:fs/promises'
import { type Wait, wait as waitForReal } from '../async/backoff.ts'
import { readJsonObject } from '../checkpoint/json-file.ts'
import { melsIn, publishedVocabulary } from '../checkpoint/published-vocabulary.ts'
import type { PublishedSize } from '../checkpoint/special-tokens.ts'
import type { HubSettings } from '../config.ts'
import { CheckpointFileMissingError } from '../errors/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import {
  checkpointFiles,
  checkpointFilesWithoutTokenizer,
  type FileChoice,
  hasTokenizer,
  processorFiles,
} from './checkpoint-files.ts'
import type { RoomToCompile } from './disk.ts'
import { DownloadMarks } from './download-marks.ts'
import { type Caches, cachedFolder } from './is-cached.ts'
import type { CheckpointSource } from './origin.ts'
import type { OnProgress } from './progress.ts'
import { cachedSnapshot, fetchSnapshot, isSnapshotCurrent, type SnapshotOptions } from './snapshot.ts'
import { whisperBaseFolder } from './whisper-base.ts'

export interface ResolveOptions {
  readonly hub: HubSettings
  /** Our own cache, for what comes from the package index. */
  readonly cacheDir: string
  readonly signal: AbortSignal
  /** Called while files arrive from the hub, at most about a hundred times for each repository. */
  readonly onProgress?: OnProgress | undefined
  readonly log?: Logger | undefined
  /** Makes the pauses between attempts; tests give one that returns at once. */
  readonly wait?: Wait | undefined
  /** Disk space that compiling the checkpoint takes; undefined where it is not to be compiled. */
  readonly compile?: RoomToCompile | undefined
  /** Environment of `pip`. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface CheckpointFolder {
  readonly folder: string
  /** Where the tokenizer's files are, and what else it borrows; undefined where the checkpoint has a tokenizer. */
  readonly processorFolder: string | undefined
}

/**
 * Finds or fetches the files of a checkpoint. The folders belong to a cache that others use too: read, never write.
 *
 * @throws {CheckpointFileMissingError} when the folder or the repository lacks what is needed.
 * @throws {AsrError} see `fetchSnapshot`; {SourcesExhaustedError} for Whisper base. `AbortError` after an abort.
 */
export async function resolveCheckpointFolder(
  { origin, tokenizer }: CheckpointSource,
  { env = process.env, ...options }: ResolveOptions,
): Promise<CheckpointFolder> {
  const snapshotOptions = snapshotOptionsOf(options)
  // First, because it is small: what is wrong with it should show before gigabytes are fetched.
  const processorFolder =
    tokenizer === undefined ? undefined : await fetchSnapshot(tokenizer, 'main', processorFiles, snapshotOptions)

  switch (origin.kind) {
    case 'folder': {
      const folder = await existingFolder(origin.path)
      return { folder, processorFolder: processorFolder ?? (await usualProcessor(folder, snapshotOptions)) }
    }
    case 'hub': {
      const choose = tokenizer === undefined ? checkpointFiles : checkpointFilesWithoutTokenizer
      const folder = await fetchSnapshot(origin.repo, origin.revision, choose, snapshotOptions)
      return { folder, processorFolder: processorFolder ?? (await usualProcessor(folder, snapshotOptions)) }
    }
    case 'whisper-base':
      return { folder: await whisperBaseFolder(options.cacheDir, env, snapshotOptions), processorFolder }
  }
}

/** The result of `resolveCheckpointFolder` from the caches alone; undefined where a file is missing in them. */
export async function cachedCheckpointFolder(
  source: CheckpointSource,
  caches: Caches,
): Promise<CheckpointFolder | undefined> {
  const folder = await cachedFolder(source, caches)
  if (folder === undefined) return undefined
  const processor = await processorOf(source, folder)
  if (processor === undefined) return { folder, processorFolder: undefined }
  const processorFolder = await cachedSnapshot(caches.hub, processor, 'main', processorFiles)
  return processorFolder === undefined ? undefined : { folder, processorFolder }
}

/**
 * Whether `resolveCheckpointFolder` would bring nothing: every file is on this machine, and the hub has no other. Where
 * the hub fails, what is here serves.
 */
export async function isUpToDate(
  source: CheckpointSource,
  options: Omit<ResolveOptions, 'onProgress' | 'compile' | 'env'>,
): Promise<boolean> {
  const cached = await cachedCheckpointFolder(source, options)
  if (cached === undefined) return false
  const { origin, tokenizer } = source
  const snapshots: [repo: string, revision: string, choose: FileChoice][] = []
  if (origin.kind === 'hub') {
    const choose = tokenizer === undefined ? checkpointFiles : checkpointFilesWithoutTokenizer
    snapshots.push([origin.repo, origin.revision, choose])
  }
  const processor = await processorOf(source, cached.folder)
  if (processor !== undefined) snapshots.push([processor, 'main', processorFiles])
  const areCurrent = await Promise.all(
    snapshots.map((snapshot) => isSnapshotCurrent(...snapshot, snapshotOptionsOf(options))),
  )
  return areCurrent.every(Boolean)
}

function snapshotOptionsOf(options: Omit<ResolveOptions, 'env'>): SnapshotOptions {
  const { hub, signal, log = silentLogger, wait = waitForReal, onProgress, compile } = options
  return { hub, signal, log, wait, onProgress, compile, marks: new DownloadMarks(options) }
}

/**
 * Repositories that lend a checkpoint without a tokenizer, as LiteASR's are, theirs: by the published vocabulary that its own
 * begins with and number of decoder layers, `*` for any other.
 */
const USUAL_PROCESSORS: Readonly<Record<PublishedSize, Readonly<Record<string, string>>>> = {
  51864: {
    4: 'openai/whisper-tiny.en',
    6: 'openai/whisper-base.en',
    12: 'openai/whisper-small.en',
    '*': 'openai/whisper-medium.en',
  },
  51865: {
    4: 'openai/whisper-tiny',
    6: 'openai/whisper-base',
    12: 'openai/whisper-small',
    24: 'openai/whisper-medium',
    '*': 'openai/whisper-large-v2',
  },
  51866: { 4: 'openai/whisper-large-v3-turbo', '*': 'openai/whisper-large-v3' },
}

/** The repository that lends the tokenizer; undefined where the checkpoint has its own. */
async function processorOf({ origin, tokenizer }: CheckpointSource, folder: string): Promise<string | undefined> {
  return tokenizer ?? (origin.kind === 'whisper-base' ? undefined : await usualProcessorOf(folder))
}

async function usualProcessor(folder: string, options: SnapshotOptions): Promise<string | undefined> {
  const repository = await usualProcessorOf(folder)
  return repository === undefined ? undefined : await fetchSnapshot(repository, 'main', processorFiles, options)
}

/** Its repository; undefined where the folder has a tokenizer, or where it cannot be told which would fit. */
async function usualProcessorOf(folder: string): Promise<string | undefined> {
  if (hasTokenizer(await readdir(folder))) return undefined
  // A config that cannot be read is reported when the checkpoint is opened.
  const config = await readJsonObject(folder, 'config.json').catch(() => undefined)
  const generation = await readJsonObject(folder, 'generation_config.json').catch(() => undefined)
  const vocabSize = Number(config?.vocab_size)
  const published = publishedVocabulary({ vocabSize, nMels: melsIn(config), generation, config })
  const byLayers = published && USUAL_PROCESSORS[published]
  return byLayers?.[String(config?.decoder_layers)] ?? byLayers?.['*']
}

async function existingFolder(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isDirectory()) return path
  throw new CheckpointFileMissingError(
    'its folder, which is not there or may not be read',
    'Correct the folder that was given, or the "path" of this model in MODELS_FILE.',
  )
}
