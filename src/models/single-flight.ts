/** Work that several may wait for: those who ask for the same join what runs, and the last who leaves ends it. */

export interface FlightOptions<Progress> {
  /** Its abort leaves; the work ends when nobody waits for it. */
  readonly signal: AbortSignal
  /** Told at once what was told last, then what comes. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** @param signal  aborts when nobody waits any more. */
export type Flight<Result, Progress> = (
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
) => Promise<Result>

interface Running<Result, Progress> {
  readonly done: Promise<Result>
  readonly listeners: Set<(progress: Progress) => void>
  readonly cancel: AbortController
  nWaiting: number
  latest: Progress | undefined
}

export class SingleFlight<Result = void, Progress = never> {
  readonly #running = new Map<string, Running<Result, Progress>>()

  /** Of those under way. */
  ids(): string[] {
    return [...this.#running.keys()]
  }

  nWaitingFor(id: string): number {
    return this.#running.get(id)?.nWaiting ?? 0
  }

  /** What the work under this id has told last. */
  latest(id: string): Progress | undefined {
    return this.#running.get(id)?.latest
  }

  /**
   * Waits for the work under this id, which `start` begins where there is none.
   *
   * @throws what the work throws; the signal's reason after an abort.
   */
  async join(
    id: string,
    { signal, onProgress = () => {} }: FlightOptions<Progress>,
    start: Flight<Result, Progress>,
  ): Promise<Result> {
    signal.throwIfAborted()
    const running = this.#running.get(id) ?? this.#begin(id, start)
    const left = Promise.withResolvers<never>()
    const leave = () => left.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    running.listeners.add(onProgress)
    running.nWaiting++
    if (running.latest !== undefined) onProgress(running.latest)
    try {
      return await Promise.race([running.done, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      running.listeners.delete(onProgress)
      if (--running.nWaiting === 0) {
        this.#forget(id, running) // whoever comes now begins anew
        running.cancel.abort()
      }
    }
  }

  #begin(id: string, start: Flight<Result, Progress>): Running<Result, Progress> {
    const cancel = new AbortController()
    const listeners = new Set<(progress: Progress) => void>()
    const onProgress = (progress: Progress) => {
      running.latest = progress
      for (const listener of listeners) listener(progress)
    }
    const done = start(cancel.signal, onProgress).finally(() => this.#forget(id, running))
    const running: Running<Result, Progress> = { done, listeners, cancel, nWaiting: 0, latest: undefined }
    done.catch(() => {}) // whoever waits gets the failure; nobody may be waiting
    this.#running.set(id, running)
    return running
  }

  #forget(id: string, running: Running<Result, Progress>): void {
    if (this.#running.get(id) === running) this.#running.delete(id)
  }
}
