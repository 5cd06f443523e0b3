/** One process at a time per file, so that two that start together do not download the same gigabytes twice. */

import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import lockfile from 'proper-lockfile'
import { makeFolder } from '../folders.ts'

/** A lock that has not been touched for so long belongs to a process that was killed. Its owner touches it every 5 s. */
const STALE_MS = 15_000
const POLL_MS = 250

/**
 * Runs `work` while holding the lock.
 *
 * The lock is advisory: it saves work. Correctness comes from atomic renames and checked contents, so `work` must be
 * safe to run again. That happens when the lock was lost on the way, as on a machine that woke from sleep.
 *
 * @param lockPath  a folder of this name is the lock; its parents are made.
 * @param work      gets a signal that follows `signal` and also aborts when the lock is lost.
 */
export async function withLock<T>(
  lockPath: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(lockPath))
  for (;;) {
    const lost = new AbortController()
    const release = await acquire(lockPath, signal, (error) => lost.abort(error))
    try {
      return await work(AbortSignal.any([signal, lost.signal]))
    } catch (error) {
      if (!lost.signal.aborted || signal.aborted) throw error
    } finally {
      if (!lost.signal.aborted) await release()
    }
  }
}

async function acquire(
  lockPath: string,
  signal: AbortSignal,
  onCompromised: (error: Error) => void,
): Promise<() => Promise<void>> {
  for (;;) {
    signal.throwIfAborted()
    try {
      const options = { lockfilePath: lockPath, realpath: false, stale: STALE_MS, update: STALE_MS / 3, onCompromised }
      return await lockfile.lock(lockPath, options)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    await delay(POLL_MS, undefined, { signal })
  }
}
