/** Lets a few of many work at a time, in the order of their arrival. */

import { WaitList } from './wait-list.ts'

export class Semaphore {
  readonly #waiting = new WaitList<undefined>()
  #nFree: number

  constructor(nPermits: number) {
    this.#nFree = nPermits
  }

  /**
   * Runs `work` as soon as fewer than the allowed number run.
   *
   * @throws what `work` throws; the signal's reason after an abort before it began.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    if (this.#nFree > 0) this.#nFree--
    else await this.#waiting.wait(undefined, signal)
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #release(): void {
    for (const next of this.#waiting) {
      this.#waiting.take(next)
      next.resolve() // the permit is handed on
      return
    }
    this.#nFree++
  }
}
