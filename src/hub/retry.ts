/** Patience with failures that may pass by themselves. */

import { backoffMs, type Wait } from '../async/backoff.ts'
import type { AsrError } from '../errors/index.ts'

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

/** A longer pause, which only the other side asks for, is not worth a caller's time. */
const PAUSES = { firstMs: 500, longestMs: 60_000 }

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
      const pauseMs = error.afterMs ?? backoffMs(failed, PAUSES)
      if (failed >= attempts || pauseMs > PAUSES.longestMs) throw error.final
      await wait(pauseMs, signal)
    }
  }
}
