/** Pauses between attempts that double with each failure. */

import { setTimeout as delay } from 'node:timers/promises'

export interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

/** The pause after the given number of failures in a row, from 1 on. */
export function backoffMs(nFailures: number, { firstMs, longestMs }: Backoff): number {
  return Math.min(longestMs, firstMs * 2 ** (nFailures - 1))
}

/** Waits, or throws an AbortError when the signal aborts. An argument where tests shall need no time. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export const wait: Wait = (ms, signal) => delay(ms, undefined, { signal })

/** The same, and does not keep the process alive. */
export const waitInBackground: Wait = (ms, signal) => delay(ms, undefined, { signal, ref: false })
