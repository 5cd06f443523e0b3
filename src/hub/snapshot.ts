/** A revision of a repository as a local folder. */

import { dirname } from 'node:path'
import type { Wait } from '../async/backoff.ts'
import type { HubSettings } from '../config.ts'
import { AsrError, HubNotFoundError, HubOfflineError } from '../errors/index.ts'
import { makeFolder } from '../folders.ts'
import type { Logger } from '../logger.ts'
import { bytesPerParameter, CONFIG, type FileChoice, type FileListing } from './checkpoint-files.ts'
import { checkRoom, diskFailure, type RoomToCompile } from './disk.ts'
import { downloadBlob } from './download-blob.ts'
import type { DownloadMarks } from './download-marks.ts'
import { HubCache, isRevision, listingOf } from './hub-cache.ts'
import { COMMIT, HubClient, type RepoFile } from './hub-client.ts'
import { withLock } from './process-lock.ts'
import { type OnProgress, ProgressMeter } from './progress.ts'
import type { SnapshotMemo } from './snapshot-memo.ts'

export interface SnapshotOptions {
  readonly hub: HubSettings
  readonly signal: AbortSignal
  readonly log: Logger
  readonly wait: Wait
  readonly onProgress: OnProgress | undefined
  /** Disk space that the files will need besides their own. */
  readonly compile?: RoomToCompile | undefined
  /** Where it is noted that this program has brought a snapshot. */
  readonly marks?: DownloadMarks | undefined
}

/** The snapshot in the cache, without any question to the hub; undefined when it is not there or not complete. */
export async function cachedSnapshot(
  hub: HubSettings,
  repo: string,
  revision: string,
  choose: FileChoice,
  memo?: SnapshotMemo,
): Promise<string | undefined> {
  const cache = new HubCache(hub.cacheDir, repo)
  const commit = await cache.commitOf(revision)
  if (commit === undefined) return undefined
  return await (memo ? memo.completeSnapshot(cache, commit, choose) : cache.completeSnapshot(commit, choose))
}

/**
 * The folder of the revision's newest commit with all files that `choose` names, downloaded as far as needed.
 *
 * Where the hub fails in any way but a complete older snapshot is in the cache, that one is given and a warning logged:
 * a service that worked yesterday should not stop because a token has expired or a network is down.
 *
 * @throws {HubOfflineError} offline, and not complete in the cache.
 * @throws {HubUnreachableError | HubUnauthorizedError | HubNotFoundError | HubRateLimitedError} the hub's refusal.
 * @throws {CheckpointFileMissingError} when the repository lacks what is needed.
 * @throws {CheckpointCorruptError | DiskFullError | CacheUnwritableError} while storing the files.
 */
export async function fetchSnapshot(
  repo: string,
  revision: string,
  choose: FileChoice,
  options: SnapshotOptions,
): Promise<string> {
  const { hub, signal, log } = options
  signal.throwIfAborted()
  if (!isRevision(revision)) throw new HubNotFoundError(`${repo}@${revision}`)
  const cached = await cachedSnapshot(hub, repo, revision, choose)
  if (cached !== undefined && (hub.offline || hub.isAsked || COMMIT.test(revision))) return cached
  if (hub.offline) throw new HubOfflineError(repo)

  try {
    return await updateSnapshot(repo, revision, choose, options)
  } catch (error) {
    const failure = diskFailure(`repository '${repo}'`, error)
    if (cached === undefined || signal.aborted || !(failure instanceof AsrError)) throw failure
    log.warn({ repo, revision, code: failure.code, err: failure }, THE_CACHE_SERVES)
    return cached
  }
}

/**
 * Whether `fetchSnapshot` would bring nothing. Where the hub fails, it has nothing.
 *
 * @throws the signal's reason after an abort.
 */
export async function isSnapshotCurrent(
  repo: string,
  revision: string,
  choose: FileChoice,
  { hub, signal, log, wait }: Omit<SnapshotOptions, 'onProgress' | 'compile'>,
): Promise<boolean> {
  const cached = await cachedSnapshot(hub, repo, revision, choose)
  if (cached === undefined || hub.offline || COMMIT.test(revision)) return cached !== undefined
  const cache = new HubCache(hub.cacheDir, repo)
  const client = new HubClient(hub, repo, { wait, signal })
  try {
    const commit = await client.resolveCommit(revision)
    if (commit !== (await cache.commitOf(revision))) return false
    const byName = new Map((await client.list(commit)).files.map((file) => [file.name, file]))
    const chosen = await choose(listingOf(cached, [...byName.keys()]))
    const isStored = await Promise.all(chosen.map((name) => cache.hasFile(commit, byName.get(name)!))) // of these names
    return isStored.every(Boolean)
  } catch (error) {
    if (signal.aborted || !(error instanceof AsrError)) throw error
    log.warn({ repo, revision, code: error.code, err: error }, THE_CACHE_SERVES)
    return true
  }
}

const THE_CACHE_SERVES = 'the hub failed, so the snapshot in the cache serves'

async function updateSnapshot(
  repo: string,
  revision: string,
  choose: FileChoice,
  { hub, signal, log, wait, onProgress, compile, marks }: SnapshotOptions,
): Promise<string> {
  const cache = new HubCache(hub.cacheDir, repo)
  const client = new HubClient(hub, repo, { wait, signal })
  const commit = await client.resolveCommit(revision)
  const { files: all, folders } = await client.list(commit)
  const byName = new Map(all.map((file) => [file.name, file]))
  let meter: ProgressMeter | undefined // until the files are chosen, of which `store` brings some
  const { names, readJson } = listingOf(cache.snapshotFolder(commit), [...byName.keys()])
  const listing: FileListing = {
    names,
    folders,
    readJson: async (name) => {
      await store(byName.get(name)!) // no other names are asked for
      return await readJson(name)
    },
  }
  const chosen = await choose(listing)
  const files = chosen.map((name) => byName.get(name)!) // and picks from them
  const checkpointBytes = files.reduce((sum, file) => sum + file.size, 0)
  let downloadBytes = 0
  for (const file of files) downloadBytes += await cache.missingBytes(commit, file)
  const nParameters = checkpointBytes / (names.includes(CONFIG) ? bytesPerParameter(await listing.readJson(CONFIG)) : 4)
  await checkRoom({ repo, folder: cache.folder, downloadBytes, nParameters, compile })
  meter = new ProgressMeter(checkpointBytes, onProgress)
  for (const file of files) {
    await store(file)
    meter.finish(file.name, file.size)
  }
  // Last, so that an update that breaks off leaves the reference on the snapshot that is complete.
  await cache.writeRef(revision, commit)
  return cache.snapshotFolder(commit)

  async function store(file: RepoFile): Promise<void> {
    if (await cache.hasFile(commit, file)) return
    if (!(await cache.hasSnapshot(commit))) await marks?.note(cache, commit) // else another program has begun it
    const blobPath = cache.blobPath(file.etag)
    if (!(await cache.hasBlob(file))) {
      await makeFolder(dirname(blobPath))
      await withLock(cache.lockPath(file.etag), signal, async (signal) => {
        if (await cache.hasBlob(file)) return // another process had the lock before us
        log.info({ repo, file: file.name, bytes: file.size }, 'downloading')
        const openFrom = (offset: number, signal: AbortSignal) => client.openFile(commit, file.name, offset, signal)
        const onBytes = (fileBytes: number) => meter?.update(file.name, fileBytes)
        await downloadBlob({ file, blobPath, openFrom, onBytes, wait }, signal)
      })
    }
    await cache.link(commit, file)
  }
}
