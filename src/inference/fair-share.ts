/**
 * Which request is next. Requests are served by the time that they have had: the least first, so that a short one passes
 * a long one at once; beyond a second all are equal and take turns; and a request that has waited for a second is next,
 * so that a stream of short ones cannot starve a long one.
 *
 * @see "least attained service", or foreground-background scheduling: the best mean time where lengths are unknown.
 */

const LONG_MS = 1000
const PATIENCE_MS = 1000

/** The model's time that one request has had. */
export class FairShare {
  #servedMs = 0
  #lastServed: number

  constructor(now: number) {
    this.#lastServed = now
  }

  charge(ms: number, now: number): void {
    this.#servedMs += ms
    this.#lastServed = now
  }

  /** Negative where this one is before the other. */
  compare(other: FairShare, now: number): number {
    return this.#rank(now) - other.#rank(now) || this.#lastServed - other.#lastServed
  }

  #rank(now: number): number {
    if (now - this.#lastServed > PATIENCE_MS) return -1
    return Math.min(this.#servedMs, LONG_MS)
  }
}
