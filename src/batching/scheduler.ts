/**
 * One model's time, shared by the windows of all requests. The runtime does one thing at a time; between two of them
 * the scheduler chooses what comes next: a window to encode, a prompt, an alignment, or a step of a lane, in which all
 * windows of the lane that are decoded take part. A window that has ended leaves its slot to the next at once.
 */

import type { BatchModel, Lane } from './lane.ts'
import { LaneBatch } from './lane-batch.ts'
import { Ticket } from './ticket.ts'
import { OpenWindow, type Turns } from './window.ts'

/** Of one request: what is short and lets others go on comes before encoding, which fills the lanes, before steps. */
const URGENCY = { run: 0, encode: 1, step: 2 } as const

interface Choice {
  readonly urgency: number
  readonly tickets: readonly Ticket[]
  /** Must not throw. */
  readonly work: () => Promise<void>
}

/** What the decoder has done since the model was opened. */
export interface StepCounts {
  readonly steps: number
  /** Windows that took part, added up over all steps. */
  readonly windowSteps: number
}

interface Job {
  readonly ticket: Ticket
  readonly signal: AbortSignal
  readonly work: () => Promise<void>
  readonly reject: (reason: unknown) => void
  /** Where the job needs a slot: of which lane. */
  readonly needs: { readonly audioContext: number; readonly rowsPerWindow: number } | undefined
}

export class WindowScheduler<L extends Lane> {
  readonly #model: BatchModel<L>
  readonly #batches: LaneBatch<L>[] = []
  readonly #solo = new Set<LaneBatch<L>>()
  readonly #turns: Turns<L>
  readonly #now: () => number
  #jobs: Job[] = []
  /** Encoder positions of all open windows. */
  #nPositions = 0
  #isRunning = false
  #nSteps = 0
  #nWindowSteps = 0

  /** @param now  milliseconds since any moment. */
  constructor(model: BatchModel<L>, now = () => performance.now()) {
    this.#model = model
    this.#now = now
    this.#turns = {
      run: (ticket, signal, work) => this.#enqueue(ticket, signal, undefined, work),
      startSolo: (window, rowsPerWindow) => this.#startSolo(window, rowsPerWindow),
      endSolo: (batch) => {
        this.#solo.delete(batch)
        batch.lane[Symbol.dispose]()
      },
      align: (lane, slot, tokens) => model.align(lane, slot, tokens),
      close: (window) => this.#close(window),
      awaken: () => this.#awaken(),
    }
  }

  get stepCounts(): StepCounts {
    return { steps: this.#nSteps, windowSteps: this.#nWindowSteps }
  }

  newTicket(): Ticket {
    return new Ticket(this.#now())
  }

  /**
   * Waits for a slot and for the request's turn, then encodes a window. Whoever opens a window disposes of it, and
   * opens none while it holds all that a request may have open, or it could wait for itself.
   *
   * @param rowsPerWindow  rows of the texts that it will usually be decoded to.
   */
  async open(
    samples: Float32Array,
    audioContext: number,
    rowsPerWindow: number,
    ticket: Ticket,
    signal: AbortSignal,
  ): Promise<OpenWindow<L>> {
    return await this.#enqueue(ticket, signal, { audioContext, rowsPerWindow }, async () => {
      const batch = this.#batchFor(audioContext, rowsPerWindow)!
      const slot = batch.reserve()
      this.#nPositions += audioContext
      try {
        await this.#model.encode(samples, batch.lane, slot)
      } catch (error) {
        this.#leave(batch, slot)
        throw error
      }
      const window = new OpenWindow(batch, slot, ticket, signal, this.#turns)
      batch.enter(slot, window)
      return window
    })
  }

  #enqueue<T>(ticket: Ticket, signal: AbortSignal, needs: Job['needs'], work: () => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const answer = Promise.withResolvers<T>()
    this.#jobs.push({
      ticket,
      signal,
      needs,
      reject: answer.reject,
      work: () => work().then(answer.resolve, answer.reject),
    })
    this.#awaken()
    return answer.promise
  }

  #awaken(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#work()
  }

  async #work(): Promise<void> {
    for (;;) {
      // Whoever has just been answered may want the next step already, and messages want to be read.
      await new Promise(setImmediate)
      this.#dropAborted()
      const choice = this.#choose()
      if (!choice) break
      const from = this.#now()
      await choice.work()
      const now = this.#now()
      for (const ticket of choice.tickets) ticket.charge((now - from) / choice.tickets.length, now)
    }
    this.#isRunning = false
  }

  #choose(): Choice | undefined {
    const choices: Choice[] = []
    for (const job of this.#jobs) {
      if (job.needs && !this.#hasRoom(job.needs)) continue
      const work = () => {
        this.#jobs = this.#jobs.filter((other) => other !== job)
        return job.work()
      }
      choices.push({ urgency: job.needs ? URGENCY.encode : URGENCY.run, tickets: [job.ticket], work })
    }
    for (const batch of [...this.#batches, ...this.#solo]) {
      if (batch.nReady === 0) continue
      choices.push({ urgency: URGENCY.step, tickets: batch.tickets, work: () => this.#step(batch) })
    }
    const now = this.#now()
    const first = (tickets: readonly Ticket[]) => tickets.reduce((a, b) => (b.compare(a, now) < 0 ? b : a))
    return choices.reduce<Choice | undefined>((best, choice) => {
      if (!best) return choice
      const [a, b] = [first(best.tickets), first(choice.tickets)]
      const order = a === b ? choice.urgency - best.urgency : b.compare(a, now)
      return order < 0 ? choice : best
    }, undefined)
  }

  async #step(batch: LaneBatch<L>): Promise<void> {
    const { audioContext, rowsPerWindow } = batch.lane
    const isAwaited = this.#jobs.some(
      ({ needs }) => needs?.audioContext === audioContext && needs.rowsPerWindow === rowsPerWindow,
    )
    if (!isAwaited) batch.closeGaps() // otherwise the gap will be filled
    this.#nSteps++
    this.#nWindowSteps += batch.nReady
    await batch.step()
  }

  #hasRoom({ audioContext, rowsPerWindow }: NonNullable<Job['needs']>): boolean {
    // One window is always let in, whatever its length.
    if (this.#nPositions > 0 && this.#nPositions + audioContext > this.#model.mostPositions) return false
    const batch = this.#find(audioContext, rowsPerWindow)
    return !batch || batch.hasRoom
  }

  #find(audioContext: number, rowsPerWindow: number): LaneBatch<L> | undefined {
    return this.#batches.find(({ lane }) => lane.audioContext === audioContext && lane.rowsPerWindow === rowsPerWindow)
  }

  #batchFor(audioContext: number, rowsPerWindow: number): LaneBatch<L> {
    const found = this.#find(audioContext, rowsPerWindow)
    if (found) return found
    const batch = new LaneBatch(this.#model.lane(audioContext, rowsPerWindow))
    this.#batches.push(batch)
    return batch
  }

  #startSolo(window: OpenWindow<L>, rowsPerWindow: number): LaneBatch<L> {
    const batch = new LaneBatch(this.#model.laneOver(window.batch.lane, window.slot, rowsPerWindow))
    this.#solo.add(batch)
    return batch
  }

  #close(window: OpenWindow<L>): void {
    this.#leave(window.batch, window.slot)
    this.#awaken()
  }

  #leave(batch: LaneBatch<L>, slot: number): void {
    batch.leave(slot)
    this.#nPositions -= batch.lane.audioContext
    if (!batch.isEmpty) return
    this.#batches.splice(this.#batches.indexOf(batch), 1)
    batch.lane[Symbol.dispose]()
  }

  #dropAborted(): void {
    for (const batch of [...this.#batches, ...this.#solo]) batch.dropAborted()
    const aborted = this.#jobs.filter(({ signal }) => signal.aborted)
    if (aborted.length === 0) return
    this.#jobs = this.#jobs.filter(({ signal }) => !signal.aborted)
    for (const { reject, signal } of aborted) reject(signal.reason)
  }
}
