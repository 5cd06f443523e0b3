/**
 * Windows whose whole texts are found together, on devices where that is one run. A run takes long and can't be joined,
 * so windows are waited for as long as more are on their way; and where memory is too short for all of them, half go first.
 */

import type { FoundText, TextRequest } from '../decode/index.ts'
import type { StepCounts } from './scheduler.ts'
import type { Ticket } from './ticket.ts'

/** One window to find the text of. */
export interface TextJob {
  /** [N], equally many for all. */
  readonly samples: Float32Array
  /** [V], added to the logits. */
  readonly tokenBias: Float32Array
  readonly request: TextRequest
}

export interface TextBatchModel {
  /** Windows of one run, at most. */
  readonly mostWindows: number
  /** @param jobs  agree on their rules and on the lengths of their prompts. */
  findTexts(jobs: readonly TextJob[]): Promise<readonly FoundText[]>
  /** Whether an error of `findTexts` says that the device's memory is too short. */
  isOutOfMemory(error: unknown): boolean
}

/** After so long without a new window, those that are there go: what was to come seems to be far. */
const QUIET_MS = 250

interface WaitingJob extends TextJob {
  readonly ticket: Ticket
  readonly signal: AbortSignal
  readonly answer: PromiseWithResolvers<FoundText>
}

export class TextBatcher {
  readonly #model: TextBatchModel
  /** What memory allows, as far as it is known. */
  #mostWindows: number
  #waiting: WaitingJob[] = []
  /** Requests that are being read: more of their windows will come. */
  readonly #reading = new WeakSet<Ticket>()
  #lastArrivalMs = 0
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #nSteps = 0
  #nWindowSteps = 0

  constructor(model: TextBatchModel) {
    this.#model = model
    this.#mostWindows = model.mostWindows
  }

  /** Windows that one run may take; fewer than there were once memory has been too short for them. */
  get mostWindows(): number {
    return this.#mostWindows
  }

  get stepCounts(): StepCounts {
    return { steps: this.#nSteps, windowSteps: this.#nWindowSteps }
  }

  /** Whether more windows of a request are on their way, or it waits for those that it has given. */
  setReading(ticket: Ticket, isReading: boolean): void {
    if (isReading) this.#reading.add(ticket)
    else this.#reading.delete(ticket)
    this.#awaken()
  }

  /** @throws the model's error when not even one window fits; the signal's reason after an abort. */
  async find(job: TextJob, ticket: Ticket, signal: AbortSignal): Promise<FoundText> {
    signal.throwIfAborted()
    const answer = Promise.withResolvers<FoundText>()
    this.#waiting.push({ ...job, ticket, signal, answer })
    this.#lastArrivalMs = performance.now()
    this.#awaken()
    return await answer.promise
  }

  #awaken(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#work()
  }

  async #work(): Promise<void> {
    for (;;) {
      // Whoever has just been answered may have the next window already, and messages want to be read.
      await new Promise(setImmediate)
      this.#dropAborted()
      const waitMs = this.#waitMs()
      if (waitMs > 0) {
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#awaken(), waitMs)
      }
      if (this.#waiting.length === 0 || waitMs > 0) break
      await this.#run(this.#nextBatch())
    }
    this.#isRunning = false
  }

  /** How long to wait for more windows. */
  #waitMs(): number {
    const isMoreExpected = this.#waiting.some(({ ticket }) => this.#reading.has(ticket))
    if (!isMoreExpected || this.#nextBatch().length >= this.#mostWindows) return 0
    return Math.max(0, this.#lastArrivalMs + QUIET_MS - performance.now())
  }

  /** The window whose turn it is, and those that can go with it, in their turn. */
  #nextBatch(): WaitingJob[] {
    const now = performance.now()
    const inTurn = this.#waiting.toSorted((a, b) => a.ticket.compare(b.ticket, now))
    const key = inTurn[0] && keyOf(inTurn[0])
    return inTurn.filter((job) => keyOf(job) === key).slice(0, this.#mostWindows)
  }

  async #run(batch: readonly WaitingJob[]): Promise<void> {
    this.#waiting = this.#waiting.filter((job) => !batch.includes(job))
    const from = performance.now()
    try {
      const texts = await this.#model.findTexts(batch)
      for (const [i, { answer }] of batch.entries()) answer.resolve(texts[i]!)
      const lengths = texts.map(({ tokens }) => tokens.length)
      this.#nSteps += Math.max(...lengths)
      this.#nWindowSteps += lengths.reduce((sum, length) => sum + length, 0)
    } catch (error) {
      if (batch.length > 1 && this.#model.isOutOfMemory(error)) {
        this.#mostWindows = Math.ceil(batch.length / 2)
        this.#waiting = [...batch, ...this.#waiting]
      } else {
        for (const { answer } of batch) answer.reject(error)
      }
    }
    const now = performance.now()
    for (const { ticket } of batch) ticket.charge((now - from) / batch.length, now)
  }

  #dropAborted(): void {
    const aborted = this.#waiting.filter(({ signal }) => signal.aborted)
    if (aborted.length === 0) return
    this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted)
    for (const { answer, signal } of aborted) answer.reject(signal.reason)
  }
}

/** Equal for windows that can be decoded together. */
function keyOf({ samples, request: { prompt, alignmentPrompt, rules } }: TextJob): string {
  const sotAt = prompt.indexOf(rules.sot)
  return JSON.stringify([samples.length, prompt.length, sotAt, alignmentPrompt?.length, rules])
}
