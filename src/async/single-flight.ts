/** Work that several may wait for: those who ask for the same join what runs, and the last who leaves ends it. */

import { abortable } from './abortable.ts'

/** One that waits for the work. */
export interface FlightWaiter<Progress = never> {
  /** Its abort leaves; the work ends with its last waiter. */
  readonly signal: AbortSignal
  /** Told at once what was told last, then what comes. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Asked of the last that an abort takes away: for how long the work goes on in case that it comes back. By default 0. */
  readonly lingerMs?: (() => number) | undefined
}

/** @param signal  aborts when the last waiter has left. */
export type Flight<Result, Progress = never> = (
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
) => Promise<Result>

export interface SingleFlightOptions {
  /** For how long a result is kept for those who ask for the same; by default not at all. A failure never is. */
  readonly keepMs?: number
  /** Results kept, at most, the oldest going first; by default all. */
  readonly mostKept?: number
  /** Works that go on without a waiter, at most; by default all. */
  readonly mostUnattended?: number
}

interface Running<Result, Progress> {
  readonly done: Promise<Result>
  readonly listeners: Set<(progress: Progress) => void>
  readonly cancel: AbortController
  readonly onUnattended: () => void
  nWaiting: number
  latest: Progress | undefined
  isDone: boolean
  /** Ends work without a waiter, or forgets a result. */
  timer: NodeJS.Timeout | undefined
}

export class SingleFlight<Result = void, Progress = never> {
  readonly #keepMs: number
  readonly #mostKept: number
  readonly #mostUnattended: number
  /** Under way, or kept, by id; the youngest last. */
  readonly #flights = new Map<string, Running<Result, Progress>>()

  constructor({ keepMs = 0, mostKept = Infinity, mostUnattended = Infinity }: SingleFlightOptions = {}) {
    this.#keepMs = keepMs
    this.#mostKept = mostKept
    this.#mostUnattended = mostUnattended
  }

  /** Of those under way and those whose result is kept. */
  ids(): string[] {
    return [...this.#flights.keys()]
  }

  has(id: string): boolean {
    return this.#flights.has(id)
  }

  nWaitingFor(id: string): number {
    return this.#flights.get(id)?.nWaiting ?? 0
  }

  /** What the work under this id has told last. */
  latest(id: string): Progress | undefined {
    return this.#flights.get(id)?.latest
  }

  /**
   * Waits for the work under this id, which `start` begins where there is none.
   *
   * @throws what the work throws; the signal's reason after an abort.
   */
  async join(id: string, waiter: FlightWaiter<Progress>, start: Flight<Result, Progress>): Promise<Result> {
    waiter.signal.throwIfAborted()
    return await this.#wait(id, this.#flights.get(id) ?? this.#begin(id, start), waiter)
  }

  /**
   * Begins work, also where there is some under this id, which goes on for those who wait for it.
   *
   * @param onUnattended  called each time the work goes on only in case that its last waiter comes back.
   * @throws as `join`.
   */
  async begin(
    id: string,
    waiter: FlightWaiter<Progress>,
    start: Flight<Result, Progress>,
    onUnattended?: () => void,
  ): Promise<Result> {
    waiter.signal.throwIfAborted()
    return await this.#wait(id, this.#begin(id, start, onUnattended), waiter)
  }

  async #wait(id: string, flight: Running<Result, Progress>, waiter: FlightWaiter<Progress>): Promise<Result> {
    const { signal, onProgress = () => {}, lingerMs = () => 0 } = waiter
    if (!flight.isDone) clearTimeout(flight.timer)
    flight.listeners.add(onProgress)
    flight.nWaiting++
    if (flight.latest !== undefined) onProgress(flight.latest)
    try {
      return await abortable(flight.done, signal)
    } finally {
      flight.listeners.delete(onProgress)
      flight.nWaiting--
      if (flight.nWaiting === 0 && !flight.isDone) this.#leave(id, flight, lingerMs(), signal.reason)
    }
  }

  /** The last waiter has gone. */
  #leave(id: string, flight: Running<Result, Progress>, lingerMs: number, reason: unknown): void {
    const giveUp = () => {
      this.#forget(id, flight)
      flight.cancel.abort(reason)
    }
    if (lingerMs <= 0 || this.#nUnattended() > this.#mostUnattended) {
      giveUp()
    } else {
      flight.timer = setTimeout(giveUp, lingerMs)
      flight.onUnattended()
    }
  }

  #nUnattended(): number {
    return [...this.#flights.values()].filter(({ nWaiting, isDone }) => nWaiting === 0 && !isDone).length
  }

  #begin(id: string, start: Flight<Result, Progress>, onUnattended = () => {}): Running<Result, Progress> {
    const cancel = new AbortController()
    const listeners = new Set<(progress: Progress) => void>()
    const onProgress = (progress: Progress) => {
      flight.latest = progress
      for (const listener of listeners) listener(progress)
    }
    const done = start(cancel.signal, onProgress).then(
      (result) => {
        this.#keep(id, flight)
        return result
      },
      (error) => {
        this.#forget(id, flight) // another attempt may succeed
        throw error
      },
    )
    const state = { nWaiting: 0, latest: undefined, isDone: false, timer: undefined }
    const flight: Running<Result, Progress> = { done, listeners, cancel, onUnattended, ...state }
    done.catch(() => {}) // the waiters get the failure; there may be none
    this.#flights.delete(id) // so that it comes to the end, as the youngest
    this.#flights.set(id, flight)
    return flight
  }

  #keep(id: string, flight: Running<Result, Progress>): void {
    if (this.#keepMs <= 0) {
      this.#forget(id, flight)
      return
    }
    flight.isDone = true
    clearTimeout(flight.timer)
    flight.timer = setTimeout(() => this.#forget(id, flight), this.#keepMs)
    flight.timer.unref()
    const kept = [...this.#flights].filter(([, { isDone }]) => isDone)
    for (const [oldId, old] of kept.slice(0, Math.max(0, kept.length - this.#mostKept))) this.#forget(oldId, old)
  }

  #forget(id: string, flight: Running<Result, Progress>): void {
    flight.isDone = true
    clearTimeout(flight.timer)
    if (this.#flights.get(id) === flight) this.#flights.delete(id)
  }
}
