/** When a file that somebody else writes is whole: nobody says so, it only stops changing. */

import type { Wait } from '../../async/backoff.ts'
import { fileState } from './identity.ts'
import { isCutShort } from './promised-length.ts'

/** Often enough to see a file grow, and seldom enough for a thousand of them. */
const MOST_POLL_MS = 500
/** How much longer than any other a file has to rest that is shorter than its header says. */
const CUT_SHORT_FACTOR = 12

export interface SettlingOptions {
  /** A file that has not changed for so long is whole. */
  readonly settleMs: number
  readonly wait: Wait
  readonly signal: AbortSignal
}

/**
 * Waits until a file has come to rest.
 *
 * @returns `cut short` where it ends before the end that its header names; undefined when it has gone.
 * @throws {NodeJS.ErrnoException} where it cannot be looked at; the signal's reason.
 */
export async function untilWhole(
  path: string,
  { settleMs, wait, signal }: SettlingOptions,
): Promise<'whole' | 'cut short' | undefined> {
  const stepMs = Math.min(MOST_POLL_MS, settleMs)
  let state = await fileState(path)
  for (let restedMs = 0; state !== undefined; ) {
    if (restedMs >= settleMs && !(await isCutShort(path))) return 'whole'
    if (restedMs >= settleMs * CUT_SHORT_FACTOR) return 'cut short'
    await wait(stepMs, signal)
    const now = await fileState(path)
    restedMs = now === state ? restedMs + stepMs : 0
    state = now
  }
  return undefined
}
