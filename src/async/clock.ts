/** Time as an argument, so that tests can let it pass. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /**
   * Calls back once; where the time is longer than a timer can be, earlier. Keeps no process alive.
   *
   * @returns what calls it off.
   */
  after(ms: number, work: () => void): () => void
}

/** Given more, Node calls back at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  after(ms, work) {
    const timer = setTimeout(work, Math.min(ms, LONGEST_TIMER_MS)).unref()
    return () => clearTimeout(timer)
  },
}
