/**
 * Places for recordings that are worked on, and a line before them. Whoever enters stands in the line from the arrival
 * of the request, while it still uploads; who finds the line full is refused at once.
 *
 * Long recordings may not take all places, however many there are: otherwise the short ones behind them would wait for
 * hours. Among themselves each kind is served in the order of its coming.
 */

import { QueueFullError } from '../errors/index.ts'

/** Of the places, so many are kept for short recordings, where there is more than one. */
const SHARE_FOR_SHORT = 0.25

/** What a caller is told to wait, in seconds. */
const SHORTEST_WAIT = 1
const LONGEST_WAIT = 60

/** How much of the estimated time of a request a new one changes. */
const SMOOTHING = 0.2

export interface AdmissionOptions {
  readonly maxConcurrency: number
  readonly maxQueue: number
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number
}

export interface AdmissionState {
  readonly running: number
  readonly waiting: number
}

/** A request's stand in the line. Disposing of it leaves the line and gives the place back, whichever it has. */
export interface Entrance extends Disposable {
  /**
   * Waits for a place.
   *
   * @throws the signal's reason after an abort.
   */
  takePlace(isLong: boolean, signal: AbortSignal): Promise<void>
  /**
   * Gives the place to others while `wait` goes on, then waits for one again. Who has none waits without.
   *
   * @throws as `wait`, and as `takePlace`.
   */
  withoutPlace(wait: () => Promise<void>, signal: AbortSignal): Promise<void>
}

interface Waiting {
  readonly isLong: boolean
  readonly admitted: PromiseWithResolvers<void>
}

export class Admission {
  readonly #maxRunning: number
  readonly #maxLong: number
  readonly #maxQueue: number
  readonly #now: () => number
  #line: Waiting[] = []
  /** In the line or still uploading. */
  #nWaiting = 0
  #nRunning = 0
  #nLong = 0
  /** Of a place, by a moving average. */
  #secondsPerRequest = 1

  constructor({ maxConcurrency, maxQueue, now = () => performance.now() }: AdmissionOptions) {
    this.#maxRunning = maxConcurrency
    this.#maxLong = maxConcurrency === 1 ? 1 : maxConcurrency - Math.ceil(maxConcurrency * SHARE_FOR_SHORT)
    this.#maxQueue = maxQueue
    this.#now = now
  }

  get state(): AdmissionState {
    return { running: this.#nRunning, waiting: this.#nWaiting }
  }

  /** True when the next request would be refused. */
  get isFull(): boolean {
    return this.#nRunning + this.#nWaiting >= this.#maxRunning + this.#maxQueue
  }

  /** @throws {QueueFullError} when there is no room in the line. */
  enter(): Entrance {
    if (this.isFull) throw new QueueFullError(this.#nWaiting, this.#retryAfterSeconds())
    this.#nWaiting++
    let stage: 'waiting' | 'running' | 'left' = 'waiting'
    let isLong = false
    let startedAt = 0
    const takePlace = async (signal: AbortSignal) => {
      await this.#waitForPlace(isLong, signal)
      startedAt = this.#now()
      if (stage === 'waiting') this.#nWaiting-- // who has left the line meanwhile is not counted in it
      stage = 'running'
    }
    return {
      takePlace: async (wantsLong, signal) => {
        isLong = wantsLong
        await takePlace(signal)
      },
      withoutPlace: async (wait, signal) => {
        if (stage !== 'running') return await wait()
        stage = 'waiting'
        this.#nWaiting++
        this.#giveBack(isLong)
        await wait()
        await takePlace(signal)
      },
      [Symbol.dispose]: () => {
        if (stage === 'waiting') this.#nWaiting--
        if (stage === 'running') this.#leave(isLong, (this.#now() - startedAt) / 1000)
        stage = 'left'
      },
    }
  }

  async #waitForPlace(isLong: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const waiting: Waiting = { isLong, admitted: Promise.withResolvers() }
    const abort = () => {
      const isInLine = this.#line.includes(waiting)
      this.#line = this.#line.filter((other) => other !== waiting)
      if (isInLine) waiting.admitted.reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#line.push(waiting)
    this.#letIn()
    try {
      await waiting.admitted.promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #letIn(): void {
    const stillWaiting: Waiting[] = []
    for (const waiting of this.#line) {
      const hasRoom = this.#nRunning < this.#maxRunning && (!waiting.isLong || this.#nLong < this.#maxLong)
      if (!hasRoom) {
        stillWaiting.push(waiting)
        continue
      }
      this.#nRunning++
      if (waiting.isLong) this.#nLong++
      waiting.admitted.resolve()
    }
    this.#line = stillWaiting
  }

  #leave(isLong: boolean, seconds: number): void {
    this.#secondsPerRequest += SMOOTHING * (seconds - this.#secondsPerRequest)
    this.#giveBack(isLong)
  }

  #giveBack(isLong: boolean): void {
    this.#nRunning--
    if (isLong) this.#nLong--
    this.#letIn()
  }

  /** By when a place in the line should be free. */
  #retryAfterSeconds(): number {
    const seconds = Math.ceil(this.#secondsPerRequest / this.#maxRunning)
    return Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, seconds))
  }
}
