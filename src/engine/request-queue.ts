/**
 * The one queue of requests, from their arrival until an engine works on them:
 *
 *   reserve() ──▶ upload, and the model is made ready ──▶ admit() ─ waits ─▶ an engine works ──▶ disposed of
 *      │ 429                                                │ in the order below    │
 *      └───────────────────── `waiting` ────────────────────┴───────────────────────┴─── `running`
 *
 * - At most `maxQueue` wait, and a quarter more of callers that have few: so no caller, however many requests it has or
 *   however slowly it uploads them, keeps the others out.
 * - At most `maxConcurrency` run, of these at most `maxPerEngine` on one engine, and long recordings never take all
 *   places: short ones would wait for hours behind them. One that was let in as short and turns out to be long stays
 *   where a long one would be let in, else it leaves and waits as such.
 * - Of those that may run, requests whose model is loaded go first, so that requests that alternate between two models
 *   cost two swaps and not one each; then the caller that has the fewest running, of several the one whose last turn is
 *   longest ago; then the order of arrival.
 * - A model that is not loaded waits for room until a loaded one is idle, and no longer than `modelTurnMs`: from then on no
 *   request is let into loaded models that have had their own turn of that length. What runs there finishes; while a
 *   long recording still does, short ones go on, since they delay no other model. So neither model starves, and a
 *   short recording never waits for a long one of its own model.
 */

import { type Waiter, WaitList } from '../async/wait-list.ts'
import { QueueFullError } from '../errors/index.ts'
import type { ModelEntry } from '../models/registry.ts'

/** Of the places, so many are kept for short recordings, where there is more than one. */
const SHARE_FOR_SHORT = 0.25

/** Beyond `maxQueue`, so much of it waits as well, of callers with few requests. */
const SHARE_FOR_FEW = 0.25
/** Callers that this is enough for. */
const N_CALLERS_WITH_FEW = 4

/**
 * Long beside a swap, which takes one to a few seconds, so that most of the time is work even where two models take turns;
 * and short beside the minute after which proxies and impatient clients give up.
 */
const MODEL_TURN_MS = 10_000

/** What a caller is told to wait, in seconds. */
const SHORTEST_WAIT = 1
const LONGEST_WAIT = 60

/** How much of the estimated time of a request a new one changes. */
const SMOOTHING = 0.2

/** An engine, as the queue sees it: it is loaded, on its way to that, or ending. */
export interface QueueEngine {
  /** Takes requests. */
  readonly isOpen: boolean
  readonly isLoaded: boolean
  /** Requests that were let in and have not left. */
  readonly nUsers: number
  /** Of these, those with long recordings. */
  readonly nLong: number
  enter(isLong: boolean): void
  leave(isLong: boolean): void
}

/** The engines that there are. */
export interface Engines<E extends QueueEngine> {
  all(): Iterable<E>
  of(modelId: string): E | undefined
  /** A new engine for a model that has none; undefined: there is no room, and an idle engine, if any is, makes it. */
  start(entry: ModelEntry): E | undefined
  /** Called when all who may be have been let in. */
  tidy(): void
}

export interface QueueLimits {
  /** Requests that run at a time, over all models. By default as many as come. */
  readonly maxConcurrency?: number | undefined
  /** Requests that may wait beyond that, those of callers with few not counted. By default as many as come. */
  readonly maxQueue?: number | undefined
  /** Requests that one engine works on at a time. */
  readonly maxPerEngine?: number | undefined
  /** How long one model may keep another waiting beyond what runs already. */
  readonly modelTurnMs?: number | undefined
}

export interface QueueState {
  readonly running: number
  /** Uploads included, and requests whose model is being prepared. */
  readonly waiting: number
}

/** What those who take requests from outside see of the queue. */
export interface Reservations {
  readonly state: QueueState
  /** True when every request would be refused, whoever sends it. */
  readonly isFull: boolean
  /** True when the next request of this caller would be refused. */
  isFullFor(caller: string): boolean
  /**
   * @param caller  the same text for all requests of one caller.
   * @throws {QueueFullError} when there is no room.
   */
  reserve(caller: string): Reservation
}

/** A request's part in the bound: it waits or runs. Disposing of it, more than once if need be, gives up whichever it does. */
export class Reservation implements Disposable {
  readonly caller: string
  readonly #onRelease: (reservation: Reservation) => void
  stage: 'waiting' | 'running' | 'released' = 'waiting'
  isLong = false
  startedAt = 0

  constructor(caller: string, onRelease: (reservation: Reservation) => void) {
    this.caller = caller
    this.#onRelease = onRelease
  }

  [Symbol.dispose](): void {
    this.#onRelease(this)
  }
}

/** What is asked of an engine. */
export interface QueuedRequest {
  readonly entry: ModelEntry
  readonly isLong: boolean
  /** undefined: it only wants the model to be loaded, and takes no place. */
  readonly reservation: Reservation | undefined
  /** Its abort leaves the queue; once let in, the request sees to it itself. */
  readonly signal: AbortSignal
}

/** An engine that is used; disposing of it, once, leaves it. */
export interface EngineUse<E> extends Disposable {
  readonly engine: E
  /**
   * Counts the request as a long one from now on, which it has turned out to be.
   *
   * @returns false where a long one would not be let in now: the request has given its place back and has to leave. Its
   *          caller asks again for a long one.
   */
  becomeLong(): boolean
}

interface Queued extends QueuedRequest {
  readonly since: number
}

type Waiting<E> = Waiter<Queued, EngineUse<E>>

export class RequestQueue<E extends QueueEngine> implements Reservations {
  readonly #engines: Engines<E>
  readonly #limits: { readonly [name in keyof QueueLimits]-?: number }
  readonly #maxLong: number
  readonly #now: () => number
  readonly #waiting = new WaitList<Queued, EngineUse<E>>()
  readonly #reservations = new Set<Reservation>()
  /** When an engine was first seen loaded. */
  readonly #turns = new WeakMap<E, number>()
  /** Which of all turns was the last of a caller, as long as it has requests. */
  readonly #lastTurns = new Map<string, number>()
  #nTurns = 0
  /** Moving average of the seconds that a request runs. */
  #secondsPerRequest = 1

  /** @param now  milliseconds on a clock that never goes back. */
  constructor(engines: Engines<E>, limits: QueueLimits, now = () => performance.now()) {
    const { maxConcurrency = Number.POSITIVE_INFINITY, maxQueue = Number.POSITIVE_INFINITY } = limits
    const { maxPerEngine = maxConcurrency, modelTurnMs = MODEL_TURN_MS } = limits
    this.#engines = engines
    this.#limits = { maxConcurrency, maxQueue, maxPerEngine, modelTurnMs }
    this.#maxLong = Math.max(1, Math.floor(maxConcurrency * (1 - SHARE_FOR_SHORT)))
    this.#now = now
  }

  get state(): QueueState {
    return { running: this.#count(({ stage }) => stage === 'running'), waiting: this.#count(isWaiting) }
  }

  get isFull(): boolean {
    return this.#reservations.size >= this.#room + this.#roomForFew
  }

  /** Within the room one caller may have everything, as where it is the only one. */
  isFullFor(caller: string): boolean {
    if (this.#reservations.size < this.#room) return false
    const few = Math.ceil(this.#roomForFew / N_CALLERS_WITH_FEW)
    return this.isFull || this.#count((other) => other.caller === caller) >= few
  }

  get #room(): number {
    return this.#limits.maxConcurrency + this.#limits.maxQueue
  }

  get #roomForFew(): number {
    return Math.floor(this.#limits.maxQueue * SHARE_FOR_FEW)
  }

  reserve(caller: string): Reservation {
    if (this.isFullFor(caller)) throw new QueueFullError(this.state.waiting, this.#retryAfterSeconds())
    return this.enter(caller)
  }

  /** For requests of the service's own, which are never refused. */
  enter(caller = ''): Reservation {
    const reservation = new Reservation(caller, (released) => this.#release(released))
    this.#reservations.add(reservation)
    return reservation
  }

  /**
   * Waits for a place and for an engine.
   *
   * @throws the signal's reason after an abort, and what `refuse` is given.
   */
  async admit(request: QueuedRequest): Promise<EngineUse<E>> {
    const admitted = this.#waiting.wait({ ...request, since: this.#now() }, request.signal)
    this.advance()
    try {
      return await admitted
    } catch (error) {
      this.advance() // others may have waited for this one
      throw error
    }
  }

  nWaitingFor(modelId: string): number {
    return Array.from(this.#waiting).filter(({ item }) => item.entry.id === modelId).length
  }

  /** Answers those who wait for a model, or all, with a failure. */
  refuse(error: unknown, modelId?: string): void {
    for (const waiter of this.#waiting) {
      if (modelId !== undefined && waiter.item.entry.id !== modelId) continue
      this.#waiting.take(waiter)
      waiter.reject(error)
    }
  }

  /** Lets in every request that may run now. To be called after each change of the engines. */
  advance(): void {
    for (const engine of this.#engines.all()) {
      if (engine.isLoaded && !this.#turns.has(engine)) this.#turns.set(engine, this.#now())
    }
    for (let next = this.#next(); next; next = this.#next()) this.#letIn(...next)
    this.#engines.tidy()
  }

  /** The next request that may run, and its engine. */
  #next(): [Waiting<E>, E] | undefined {
    const inTurn = this.#callersInTurn().filter(({ item }) => this.#hasPlaceFor(item))
    for (const waiter of inTurn) {
      const engine = this.#engines.of(waiter.item.entry.id)
      if (engine && this.#mayEnter(engine, waiter.item)) return [waiter, engine]
    }
    const first = inTurn.find(({ item }) => !this.#engines.of(item.entry.id))
    const started = first && this.#engines.start(first.item.entry)
    return first && started && [first, started]
  }

  #callersInTurn(): Waiting<E>[] {
    const nRunning = new Map<string, number>()
    for (const { caller, stage } of this.#reservations) {
      if (stage === 'running') nRunning.set(caller, (nRunning.get(caller) ?? 0) + 1)
    }
    const ofCaller = (counts: ReadonlyMap<string, number>, { item }: Waiting<E>) => {
      return counts.get(item.reservation?.caller ?? '') ?? 0
    }
    const compare = (a: Waiting<E>, b: Waiting<E>) =>
      ofCaller(nRunning, a) - ofCaller(nRunning, b) || ofCaller(this.#lastTurns, a) - ofCaller(this.#lastTurns, b)
    return [...this.#waiting].sort(compare)
  }

  #hasPlaceFor({ reservation, isLong }: Queued): boolean {
    if (!reservation) return true
    if (this.state.running >= this.#limits.maxConcurrency) return false
    return !isLong || this.#hasPlaceForLong
  }

  get #hasPlaceForLong(): boolean {
    return this.#count(({ stage, isLong }) => stage === 'running' && isLong) < this.#maxLong
  }

  #mayEnter(engine: E, { isLong }: Queued): boolean {
    if (!engine.isOpen || engine.nUsers >= this.#limits.maxPerEngine) return false
    return !this.#mustMakeRoom(engine) || (!isLong && engine.nLong > 0)
  }

  /** Whether an engine has had its turn and another model has waited for as long. */
  #mustMakeRoom(engine: E): boolean {
    const turn = this.#turns.get(engine)
    const now = this.#now()
    const isOver = (since: number) => now - since >= this.#limits.modelTurnMs
    if (turn === undefined || !isOver(turn)) return false
    return [...this.#waiting].some(({ item }) => isOver(item.since) && !this.#engines.of(item.entry.id))
  }

  #letIn(waiter: Waiting<E>, engine: E): void {
    this.#waiting.take(waiter)
    const { reservation } = waiter.item
    let { isLong } = waiter.item
    let hasLeft = false
    if (reservation) {
      this.#reservations.add(reservation) // one that was released runs for a client that may come back
      Object.assign(reservation, { stage: 'running', isLong, startedAt: this.#now() })
      this.#lastTurns.set(reservation.caller, ++this.#nTurns)
    }
    engine.enter(isLong)
    const leave = () => {
      hasLeft = true
      engine.leave(isLong)
      this.advance()
    }
    const becomeLong = () => {
      if (isLong || hasLeft) return true
      if (!this.#hasPlaceForLong || this.#mustMakeRoom(engine)) {
        if (reservation?.stage === 'running') reservation.stage = 'waiting'
        return false
      }
      isLong = true
      if (reservation) reservation.isLong = true
      engine.enter(true)
      engine.leave(false)
      return true
    }
    waiter.resolve({ engine, becomeLong, [Symbol.dispose]: leave })
  }

  #release(reservation: Reservation): void {
    if (!this.#reservations.delete(reservation)) return
    if (reservation.stage === 'running') {
      const seconds = (this.#now() - reservation.startedAt) / 1000
      this.#secondsPerRequest += SMOOTHING * (seconds - this.#secondsPerRequest)
    }
    reservation.stage = 'released'
    if (this.#count(({ caller }) => caller === reservation.caller) === 0) this.#lastTurns.delete(reservation.caller)
    this.advance()
  }

  #count(holds: (reservation: Reservation) => boolean): number {
    return Array.from(this.#reservations).filter(holds).length
  }

  /** By when a place should be free. */
  #retryAfterSeconds(): number {
    const seconds = Math.ceil(this.#secondsPerRequest / this.#limits.maxConcurrency)
    return Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, seconds))
  }
}

const isWaiting = ({ stage }: Reservation) => stage === 'waiting'
