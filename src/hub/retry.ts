/** Patience with failures that may pass by themselves. */

import { setTimeout as delay } from 'node:timers/promises'
import type { AsrError } from '../errors/index.ts'

/** Waits, or throws when the signal aborts. An argument, so that tests need no time. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export const waitForReal: Wait = (ms, signal) => delay(ms, undefined, { signal })

/** A failure that is worth another attempt. */
export class PassingFailure extends Error {
  /** Thrown when patience ends. */
  readonly final: AsrError
  /** Pause that the other side asked for. */
  readonly afterMs: number | undefined
  /** True when this attempt got further than the one before; then patience starts afresh. */
  readonly hasProgressed: boolean

  constructor(final: AsrError, details: { afterMs?: number | undefined; hasProgressed?: boolean } = {}) {
    super(final.message, { cause: final })
    this.final = final
    this.afterMs = details.afterMs
    this.hasProgressed = details.hasProgressed ?? false
  }
}

export interface Patience {
  /** Attempts in a row that get no further. */
  readonly attempts: number
  readonly wait: Wait
  readonly signal: AbortSignal
}

const FIRST_PAUSE_MS = 500

/** Longer than this we do not keep a caller waiting, even where the other side names a time. */
const LONGEST_PAUSE_MS = 60_000

/**
 * Repeats `operation` as long as it throws {@link PassingFailure}, with pauses that double.
 *
 * @throws the failure's `final` after the last attempt, or at once where the other side asks for too long a pause.
 */
export async function retrying<T>(operation: () => Promise<T>, { attempts, wait, signal }: Patience): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      return await operation()
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error
      failed = error.hasProgressed ? 1 : failed + 1
      const pauseMs = error.afterMs ?? FIRST_PAUSE_MS * 2 ** (failed - 1)
      if (failed >= attempts || pauseMs > LONGEST_PAUSE_MS) throw error.final
      await wait(pauseMs, signal)
    }
  }
}
