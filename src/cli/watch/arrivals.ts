/** Recordings that lie in a folder or come into it, each as soon as it is whole. */

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { watch } from 'chokidar'
import { InputAbsentError } from '../../errors/index.ts'
import { looksLikeMedia } from '../transcription/inputs.ts'

/** Often enough to see a file grow, and seldom enough for a thousand of them. */
const MOST_POLL_MS = 500

export interface ArrivalOptions {
  readonly recursive: boolean
  /** A file that has not changed for so long is whole. */
  readonly settleMs: number
  readonly onArrival: (path: string) => void
  readonly signal: AbortSignal
}

/** @throws {InputAbsentError} */
export function checkFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw new InputAbsentError(`There is no folder '${basename(folder)}'.`, 'Create it, or correct its name.')
}

/**
 * Tells of every recording that is there or comes, and again of one that changes. Resolves after an abort.
 *
 * @throws {InputAbsentError} when there is no such folder, or it cannot be watched.
 */
export async function watchArrivals(
  folder: string,
  { recursive, settleMs, onArrival, signal }: ArrivalOptions,
): Promise<void> {
  checkFolder(folder)
  const ended = Promise.withResolvers<void>()
  const watcher = watch(folder, {
    ...(recursive ? {} : { depth: 0 }),
    // Hidden files are other programs' unfinished ones, and ours.
    ignored: (path, stats) =>
      path !== folder && (basename(path).startsWith('.') || (stats?.isFile() === true && !looksLikeMedia(path))),
  })
  // Chokidar's own wait leaves out what is there when it starts, such as the copy that is under way just then.
  const settling = new Set<string>()
  const settle = async (path: string) => {
    if (settling.has(path)) return // the call that waits for it sees the change
    settling.add(path)
    try {
      if (await isSettled(path, settleMs, signal)) onArrival(path)
    } finally {
      settling.delete(path)
    }
  }
  watcher.on('add', (path) => void settle(path)).on('change', (path) => void settle(path))
  watcher.on('error', (error) => ended.reject(unwatchable(error)))
  signal.addEventListener('abort', () => ended.resolve(), { once: true })
  try {
    await ended.promise
  } finally {
    await watcher.close()
  }
}

/** Resolves when the file is whole; to false when it has gone, or after an abort. */
async function isSettled(path: string, settleMs: number, signal: AbortSignal): Promise<boolean> {
  let state = fileState(path)
  for (let unchangedSince = performance.now(); state !== undefined && !signal.aborted; ) {
    const left = unchangedSince + settleMs - performance.now()
    if (left <= 0) return true
    await delay(Math.min(left, MOST_POLL_MS), undefined, { signal }).catch(() => {})
    const now = fileState(path)
    if (now !== state) unchangedSince = performance.now()
    state = now
  }
  return false
}

/** Tells a file from what it is after a change; undefined where there is none. */
export function fileState(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeMs}`
}

function unwatchable(error: unknown): InputAbsentError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const remedy =
    code === 'ENOSPC' || code === 'EMFILE'
      ? 'Raise fs.inotify.max_user_watches and max_user_instances, or set CHOKIDAR_USEPOLLING=1.'
      : 'Look whether it may be read; on a network drive set CHOKIDAR_USEPOLLING=1.'
  return new InputAbsentError(`The folder cannot be watched (${code}).`, remedy)
}
