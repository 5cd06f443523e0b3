/**
 * Retries that join the work they are a retry of. A client that has run into its timeout closes its connection and sends
 * the same request again; without this the service would do the work two or three times, and nobody would ever get it.
 */

/** Results that are kept for a retry, at most; the oldest go first. */
const MOST_KEPT = 64
/** Work that goes on with nobody waiting for it, at most. */
const MOST_ABANDONED = 4

/** One request that waits for the work. */
export interface Follower {
  /** Its abort lets the request go; the work ends when nobody follows it any more. */
  readonly signal: AbortSignal
  /** True when the client of an aborted request is expected to come back with a retry. */
  readonly willReturn: () => boolean
}

interface Running<T> {
  /** undefined: nobody can join. */
  readonly key: string | undefined
  readonly result: Promise<T>
  readonly controller: AbortController
  readonly onAbandoned: () => void
  nFollowers: number
  isDone: boolean
  end: NodeJS.Timeout | undefined
}

export class SharedWork<T> {
  readonly #graceMs: number
  readonly #running = new Map<string, Running<T>>()

  /** @param graceMs  how long work goes on without anybody, and its result is kept, for a client that will return. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  has(key: string): boolean {
    return this.#running.has(key)
  }

  /**
   * Begins work under a key, in place of what was there.
   *
   * @param key   undefined: nobody else can join.
   * @param work  is given a signal that aborts when nobody waits for its result any more.
   * @param onAbandoned  called when it goes on only in case that a client returns.
   */
  async begin(
    key: string | undefined,
    follower: Follower,
    work: (signal: AbortSignal) => Promise<T>,
    onAbandoned: () => void,
  ): Promise<T> {
    follower.signal.throwIfAborted() // or nobody would follow, and nobody end what has begun
    const controller = new AbortController()
    const result = work(controller.signal)
    result.catch(() => {}) // nobody may be waiting by then
    const running: Running<T> = { key, result, controller, onAbandoned, nFollowers: 0, isDone: false, end: undefined }
    this.#keep(running)
    result.then(
      () => this.#forgetLater(running),
      () => this.#forget(running), // another attempt may succeed
    )
    return await this.#follow(running, follower)
  }

  /** Joins the work that has begun under a key; ask `has` before. */
  async join(key: string, follower: Follower): Promise<T> {
    return await this.#follow(this.#running.get(key)!, follower)
  }

  async #follow(running: Running<T>, { signal, willReturn }: Follower): Promise<T> {
    const left = Promise.withResolvers<never>()
    const leave = () => {
      left.reject(signal.reason)
      running.nFollowers--
      if (running.nFollowers > 0 || running.isDone) return
      const giveUp = () => {
        this.#forget(running)
        running.controller.abort(signal.reason)
      }
      const goesOn = running.key !== undefined && this.#graceMs > 0 && willReturn()
      if (!goesOn || this.#nAbandoned() > MOST_ABANDONED) return giveUp()
      running.end = setTimeout(giveUp, this.#graceMs)
      running.onAbandoned()
    }
    signal.throwIfAborted()
    running.nFollowers++
    if (!running.isDone) clearTimeout(running.end)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([running.result, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #nAbandoned(): number {
    return [...this.#running.values()].filter(({ nFollowers, isDone }) => nFollowers === 0 && !isDone).length
  }

  #keep(running: Running<T>): void {
    const { key } = running
    if (key === undefined) return
    this.#running.delete(key) // so that it comes to the end, as the youngest
    this.#running.set(key, running)
    for (const old of this.#running.values()) {
      if (this.#running.size <= MOST_KEPT) break
      if (old.isDone) this.#forget(old)
    }
  }

  #forgetLater(running: Running<T>): void {
    running.isDone = true
    clearTimeout(running.end)
    running.end = setTimeout(() => this.#forget(running), this.#graceMs)
    running.end.unref()
  }

  #forget(running: Running<T>): void {
    running.isDone = true
    clearTimeout(running.end)
    const { key } = running
    if (key !== undefined && this.#running.get(key) === running) this.#running.delete(key)
  }
}
