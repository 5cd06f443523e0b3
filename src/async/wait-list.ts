/** Callers that wait for something, in the order of their arrival; an abort takes one out of the list. */

import { onAbort } from './abortable.ts'

/** One that waits. Code that takes it from the list answers it. */
export interface Waiter<Item, Result = void> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

export class WaitList<Item, Result = void> implements Iterable<Waiter<Item, Result>> {
  readonly #waiters = new Set<Waiter<Item, Result>>()

  get size(): number {
    return this.#waiters.size
  }

  /** In the order of arrival; waiters may be taken meanwhile. */
  [Symbol.iterator](): IterableIterator<Waiter<Item, Result>> {
    return this.#waiters.values()
  }

  /**
   * Waits at the end of the list until it is taken and answered.
   *
   * @throws what it is rejected with; the signal's reason after an abort in the list. Once taken, an abort is the taker's affair.
   */
  async wait(item: Item, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted()
    const answer = Promise.withResolvers<Result>()
    const waiter = { item, resolve: answer.resolve, reject: answer.reject }
    this.#waiters.add(waiter)
    using _listening = onAbort(signal, (reason) => {
      if (this.take(waiter)) answer.reject(reason)
    })
    return await answer.promise
  }

  /** @returns false when it is not in the list any more. */
  take(waiter: Waiter<Item, Result>): boolean {
    return this.#waiters.delete(waiter)
  }

  /** Takes all of them. */
  takeAll(): Waiter<Item, Result>[] {
    const all = [...this.#waiters]
    this.#waiters.clear()
    return all
  }
}
