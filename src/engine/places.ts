/** A few places for many, in the order in which they come. */

import { orAborted } from './or-aborted.ts'

export class Places {
  #nFree: number
  readonly #waiting: PromiseWithResolvers<void>[] = []

  constructor(nPlaces: number) {
    this.#nFree = nPlaces
  }

  /** Runs `work` as soon as there is a place for it. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#nFree > 0) {
      this.#nFree--
      return
    }
    const turn = Promise.withResolvers<void>()
    this.#waiting.push(turn)
    try {
      await orAborted(turn.promise, signal)
    } catch (error) {
      const place = this.#waiting.indexOf(turn)
      if (place >= 0) this.#waiting.splice(place, 1)
      else this.#leave() // it was let in at the moment it left
      throw error
    }
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next.resolve()
    else this.#nFree++
  }
}
