/** The segments of running work for whoever follows it, also those who come later. */

import type { Segment } from '../transcript/index.ts'

type Listener = (segments: readonly Segment[]) => void

export class SegmentFeed {
  readonly #isKept: boolean
  readonly #said: Segment[] = []
  readonly #listeners: Listener[] = []

  /** @param isKept  whether somebody may come later. */
  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  /** True where what is pushed reaches anybody, now or later. */
  get isUsed(): boolean {
    return this.#isKept || this.#listeners.length > 0
  }

  /** The listener is told at once what has been said so far, then what comes. */
  follow(listener: Listener | undefined): void {
    if (!listener) return
    if (this.#said.length > 0) listener(this.#said.slice())
    this.#listeners.push(listener)
  }

  readonly push = (segments: readonly Segment[]): void => {
    if (this.#isKept) this.#said.push(...segments)
    for (const listener of this.#listeners) listener(segments)
  }
}
