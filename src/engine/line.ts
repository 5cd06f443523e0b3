/**
 * Who waits for which model, in the order in which they came.
 *
 * A request whose model is loaded runs at once, unless somebody before it waits for another model: then it waits too,
 * or a steady stream for one model would starve the others. When there is room for the model of the line's first
 * request, all that wait for it are let in together, so that requests that alternate between two models cost two swaps
 * and not one each.
 */

import type { ModelEntry } from '../models/registry.ts'
import type { Slot } from './slot.ts'

interface Waiting {
  readonly entry: ModelEntry
  readonly admitted: PromiseWithResolvers<Slot>
}

export class Line {
  readonly #onLeave: () => void
  #waiting: readonly Waiting[] = []

  /** @param onLeave  told when somebody has left before it was let in. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave
  }

  /**
   * Waits until `advance` lets it in.
   *
   * @throws the signal's reason after an abort, and what `refuseAll` is given.
   */
  async join(entry: ModelEntry, signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted()
    const waiting: Waiting = { entry, admitted: Promise.withResolvers() }
    const leave = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      waiting.admitted.reject(signal.reason)
      this.#onLeave()
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#waiting = [...this.#waiting, waiting]
    try {
      return await waiting.admitted.promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  nWaitingFor(modelId: string): number {
    return this.#waiting.filter(({ entry }) => entry.id === modelId).length
  }

  /**
   * Lets in whoever may be, from the head of the line on.
   *
   * @param roomFor  the slot of a model, if it has one or can get one now.
   * @param letIn    told for each that is let in.
   */
  advance(roomFor: (entry: ModelEntry) => Slot | undefined, letIn: (slot: Slot) => void): void {
    let isBlocked = false
    const stillWaiting: Waiting[] = []
    const open = new Map<string, Slot>()
    for (const waiting of this.#waiting) {
      const { entry, admitted } = waiting
      // Those behind a blocked one come in only with a model that has just been let in for somebody before it.
      const slot = open.get(entry.id) ?? (isBlocked ? undefined : roomFor(entry))
      if (slot) {
        open.set(entry.id, slot)
        letIn(slot)
        admitted.resolve(slot)
      } else {
        isBlocked = true
        stillWaiting.push(waiting)
      }
    }
    this.#waiting = stillWaiting
  }

  refuseAll(error: Error): void {
    for (const { admitted } of this.#waiting) admitted.reject(error)
    this.#waiting = []
  }
}
