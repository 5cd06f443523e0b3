/** Recordings that lie in a folder or come into it, each as soon as it is whole. */

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { watch } from 'chokidar'
import { InputAbsentError } from '../../errors/index.ts'
import { looksLikeMedia } from '../transcription/media-files.ts'

export interface ArrivalOptions {
  readonly recursive: boolean
  /** A file whose size has not changed for so long is whole. */
  readonly settleMs: number
  readonly onArrival: (path: string) => void
  readonly signal: AbortSignal
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
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InputAbsentError(`There is no folder '${basename(folder)}'.`, 'Create it, or correct its name.')
  }
  const ended = Promise.withResolvers<void>()
  const watcher = watch(folder, {
    ...(recursive ? {} : { depth: 0 }),
    // Hidden files are other programs' unfinished ones, and ours.
    ignored: (path, stats) =>
      path !== folder && (basename(path).startsWith('.') || (stats?.isFile() === true && !looksLikeMedia(path))),
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.max(20, Math.min(500, settleMs / 5)) },
  })
  watcher.on('add', onArrival).on('change', onArrival)
  watcher.on('error', (error) => ended.reject(unwatchable(error)))
  signal.addEventListener('abort', () => ended.resolve(), { once: true })
  try {
    await ended.promise
  } finally {
    await watcher.close()
  }
}

function unwatchable(error: unknown): InputAbsentError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const remedy =
    code === 'ENOSPC' || code === 'EMFILE'
      ? 'Raise fs.inotify.max_user_watches and max_user_instances, or set CHOKIDAR_USEPOLLING=1.'
      : 'Look whether it may be read; on a network drive set CHOKIDAR_USEPOLLING=1.'
  return new InputAbsentError(`The folder cannot be watched (${code}).`, remedy)
}
