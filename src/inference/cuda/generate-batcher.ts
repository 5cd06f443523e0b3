/**
 * Windows that are generated together in one run. A run takes long and can't be joined, so windows are waited for as long
 * as more are on their way; and where memory is too short for all of them, half go first.
 */

import { type Waiter, WaitList } from '../../async/wait-list.ts'
import type { StepCounts } from '../../whisper/index.ts'
import type { FairShare } from '../fair-share.ts'
import type { GeneratedText, GenerateRequest } from './generate-session.ts'

/** One window to be decoded. */
export interface GenerateJob {
  /** [N], equally many for all. */
  readonly samples: Float32Array
  readonly request: GenerateRequest
}

export interface GenerateModel {
  /** Windows of one run, at most. */
  readonly mostWindows: number
  /** @param jobs  agree on their rules and on the lengths of their prompts. */
  generate(jobs: readonly GenerateJob[]): Promise<readonly GeneratedText[]>
  /** Whether an error of `generate` says that the GPU's memory is too short. */
  isOutOfMemory(error: unknown): boolean
}

/** After so long without a new window, those that are there go: what was to come seems to be far. */
const QUIET_MS = 250

interface WaitingJob extends GenerateJob {
  readonly share: FairShare
}

type WaitingWindow = Waiter<WaitingJob, GeneratedText>

export class GenerateBatcher {
  readonly #model: GenerateModel
  /** What memory allows, as far as it is known. */
  #mostWindows: number
  /** Those of a run stay until it has ended: where it fails for want of memory, half of them are next. */
  readonly #waiting = new WaitList<WaitingJob, GeneratedText>()
  /** Requests that are being read: more of their windows will come. */
  readonly #reading = new WeakSet<FairShare>()
  #lastArrivalMs = 0
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #nSteps = 0
  #nWindowSteps = 0

  constructor(model: GenerateModel) {
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
  setReading(share: FairShare, isReading: boolean): void {
    if (isReading) this.#reading.add(share)
    else this.#reading.delete(share)
    this.#awaken()
  }

  /** @throws the model's error when not even one window fits; the signal's reason after an abort. */
  async generate(job: GenerateJob, share: FairShare, signal: AbortSignal): Promise<GeneratedText> {
    const text = this.#waiting.wait({ ...job, share }, signal)
    this.#lastArrivalMs = performance.now()
    this.#awaken()
    return await text
  }

  #awaken(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#work()
  }

  async #work(): Promise<void> {
    for (;;) {
      // A request that has just been answered may have the next window already, and messages want to be read.
      await new Promise(setImmediate)
      const waitMs = this.#waitMs()
      if (waitMs > 0) {
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.#awaken(), waitMs)
      }
      if (this.#waiting.size === 0 || waitMs > 0) break
      await this.#run(this.#nextBatch())
    }
    this.#isRunning = false
  }

  /** How long to wait for more windows. */
  #waitMs(): number {
    const isMoreExpected = Array.from(this.#waiting).some(({ item }) => this.#reading.has(item.share))
    if (!isMoreExpected || this.#nextBatch().length >= this.#mostWindows) return 0
    return Math.max(0, this.#lastArrivalMs + QUIET_MS - performance.now())
  }

  /** The window whose turn it is, and those that can go with it, in their turn. */
  #nextBatch(): WaitingWindow[] {
    const now = performance.now()
    const inTurn = Array.from(this.#waiting).sort((a, b) => a.item.share.compare(b.item.share, now))
    const key = inTurn[0] && keyOf(inTurn[0].item)
    return inTurn.filter(({ item }) => keyOf(item) === key).slice(0, this.#mostWindows)
  }

  async #run(batch: readonly WaitingWindow[]): Promise<void> {
    const from = performance.now()
    try {
      const texts = await this.#model.generate(batch.map(({ item }) => item))
      for (const [i, window] of batch.entries()) {
        this.#waiting.take(window)
        window.resolve(texts[i]!)
      }
      const lengths = texts.map(({ tokens }) => tokens.length)
      this.#nSteps += Math.max(...lengths)
      this.#nWindowSteps += lengths.reduce((sum, length) => sum + length, 0)
    } catch (error) {
      if (batch.length > 1 && this.#model.isOutOfMemory(error)) {
        this.#mostWindows = Math.ceil(batch.length / 2)
      } else {
        for (const window of batch) {
          this.#waiting.take(window)
          window.reject(error)
        }
      }
    }
    const now = performance.now()
    for (const { item } of batch) item.share.charge((now - from) / batch.length, now)
  }
}

/** Equal for windows that can be decoded together. */
function keyOf({ samples, request: { prompt, alignmentPrompt, rules } }: GenerateJob): string {
  const sotAt = prompt.indexOf(rules.sot)
  return JSON.stringify([samples.length, prompt.length, sotAt, alignmentPrompt?.length, rules])
}
