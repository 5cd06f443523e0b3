/** Recordings that lie in a folder or come into it, each told of as soon as something happens to it. */

import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { watch } from 'chokidar'
import { glob } from 'tinyglobby'
import type { Wait } from '../../async/backoff.ts'
import { InputAbsentError } from '../../errors/index.ts'
import { looksLikeMedia } from '../transcription/inputs.ts'

/** Network drives, mounts that come back and outputs that are deleted send no event, so now and then all are looked at. */
const ROUND_MS = 60_000

export interface ArrivalOptions {
  readonly recursive: boolean
  /** Told of every recording that is there or comes, of one that changes or goes, and of all of them once a minute. */
  readonly onSeen: (path: string) => void
  /** Told, in one sentence, what keeps recordings from being seen, once for each reason. */
  readonly onTrouble: (sentence: string) => void
  readonly wait: Wait
  readonly signal: AbortSignal
}

/** @throws {InputAbsentError} */
export function checkFolder(folder: string): void {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
  if (!isFolder) throw absentFolder(folder)
}

/**
 * Goes on until the abort, also while the folder cannot be read or is not there.
 *
 * @throws {InputAbsentError} when there is no such folder at the start; the signal's reason.
 */
export async function watchArrivals(folder: string, options: ArrivalOptions): Promise<void> {
  const { recursive, onSeen, onTrouble, wait, signal } = options
  checkFolder(folder)
  const told = new Set<string>()
  const tell = (sentence: string) => {
    if (!told.has(sentence)) onTrouble(sentence)
    told.add(sentence)
  }
  const watcher = watch(folder, {
    ...(recursive ? {} : { depth: 0 }),
    // Hidden files are other programs' unfinished ones, and ours.
    ignored: (path, stats) =>
      path !== folder && (basename(path).startsWith('.') || (stats?.isFile() === true && !looksLikeMedia(path))),
  })
  watcher.on('add', onSeen).on('change', onSeen).on('unlink', onSeen)
  watcher.on('error', (error) => tell(unwatchable(error)))
  try {
    for (;;) {
      await wait(ROUND_MS, signal)
      try {
        checkFolder(folder)
        for (const path of await recordingsIn(folder, recursive)) onSeen(path)
        told.delete(absentFolder(folder).sentence)
      } catch (error) {
        tell(error instanceof InputAbsentError ? error.sentence : unwatchable(error))
      }
    }
  } finally {
    await watcher.close()
  }
}

async function recordingsIn(folder: string, recursive: boolean): Promise<string[]> {
  const pattern = recursive ? '**/*' : '*'
  const names = await glob(pattern, { cwd: folder, onlyFiles: true, dot: false, expandDirectories: false })
  return names.filter(looksLikeMedia).map((name) => join(folder, name))
}

function absentFolder(folder: string): InputAbsentError {
  return new InputAbsentError(`There is no folder '${basename(folder)}'.`, 'Create it, or correct its name.')
}

function unwatchable(error: unknown): string {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  const remedy =
    code === 'ENOSPC' || code === 'EMFILE'
      ? 'raise fs.inotify.max_user_watches and max_user_instances'
      : 'look whether it may be read; on a network drive set CHOKIDAR_USEPOLLING=1'
  return `A folder cannot be watched (${code}), so it is looked at once a minute: ${remedy}.`
}
