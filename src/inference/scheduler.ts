/**
 * One model's time, shared by the windows of all requests. The runtime does one thing at a time; between two of them
 * the scheduler chooses what comes next: a window to encode, a prompt, an alignment, or a step of a batch, in which all
 * windows of the batch that are decoded take part. A window that has ended leaves its slot to the next at once.
 */

import { WaitList } from '../async/wait-list.ts'
import type { LogitRules, StepCounts, StepDecoder } from '../whisper/index.ts'
import { BatchSlots } from './batch-slots.ts'
import { FairShare } from './fair-share.ts'
import type { DecoderBatch, StepBackend } from './step-backend.ts'

/** Within one request: what is short and lets other windows go on comes before encoding, which fills the batches. */
const URGENCY = { run: 0, encode: 1, step: 2 } as const

interface Choice {
  readonly urgency: number
  readonly shares: readonly FairShare[]
  /** Must not throw. */
  readonly work: () => Promise<void>
}

interface Job {
  readonly share: FairShare
  /** The batch that the job needs a slot of. */
  readonly needs: { readonly audioContext: number; readonly rowsPerWindow: number } | undefined
}

/** An encoded window in a slot of a batch. */
export interface OpenWindow<B extends DecoderBatch = DecoderBatch> {
  readonly slots: BatchSlots<B>
  /** May change between two steps, unless the window is pinned. */
  slot: number
  isPinned: boolean
  readonly share: FairShare
  readonly signal: AbortSignal
}

export class WindowScheduler<B extends DecoderBatch = DecoderBatch> {
  readonly #backend: StepBackend<B>
  readonly #batches: BatchSlots<B>[] = []
  /** Of one window each, whose rows are not as many as those of the batch that holds its features. */
  readonly #privateBatches = new Set<BatchSlots<B>>()
  readonly #now: () => number
  /** Each is answered with what it calls when it has done its work. */
  readonly #jobs = new WaitList<Job, () => void>()
  /** Encoder positions of all open windows. */
  #nPositions = 0
  #isRunning = false
  #nSteps = 0
  #nWindowSteps = 0

  /** @param now  milliseconds since any moment. */
  constructor(backend: StepBackend<B>, now = () => performance.now()) {
    this.#backend = backend
    this.#now = now
  }

  get stepCounts(): StepCounts {
    return { steps: this.#nSteps, windowSteps: this.#nWindowSteps }
  }

  newShare(): FairShare {
    return new FairShare(this.#now())
  }

  /**
   * Waits for a slot and for the request's turn, then encodes a window. The caller closes it, and opens none while it
   * has as many open as a request may have, or it could wait for itself.
   *
   * @param rowsPerWindow  hypotheses that it will usually be decoded to.
   */
  async open(
    samples: Float32Array,
    audioContext: number,
    rowsPerWindow: number,
    share: FairShare,
    signal: AbortSignal,
  ): Promise<OpenWindow<B>> {
    return await this.#enqueue(share, signal, { audioContext, rowsPerWindow }, async () => {
      const slots = this.#batchFor(audioContext, rowsPerWindow)
      const slot = slots.reserve()
      this.#nPositions += audioContext
      try {
        await this.#backend.encode(samples, slots.batch, slot)
      } catch (error) {
        this.#leave(slots, slot)
        throw error
      }
      const window = { slots, slot, isPinned: false, share, signal }
      slots.enter(slot, window)
      return window
    })
  }

  /**
   * A fresh text of a window. With as many rows as the window was opened for it shares the steps of other windows; with
   * another number it is decoded in a private batch. It is disposed of before the next one, and before the window is closed.
   */
  decoder(window: OpenWindow<B>, rowsPerWindow: number, rules: LogitRules): StepDecoder & Disposable {
    const isShared = rowsPerWindow === window.slots.batch.rowsPerWindow
    const slots = isShared ? window.slots : this.#openPrivate(window, rowsPerWindow)
    const slot = isShared ? () => window.slot : () => 0
    const { batch } = slots
    if (isShared) batch.clear(window.slot)
    return {
      nRows: rowsPerWindow,
      get length() {
        return batch.lengthOf(slot())
      },
      prompt: (tokens, logitsAt) =>
        this.#enqueue(window.share, window.signal, undefined, () => batch.prompt(slot(), tokens, logitsAt)),
      step: (tokens, parents) => {
        const next = slots.nextStep({ slot, window, tokens, parents, rules })
        this.#awaken()
        return next
      },
      [Symbol.dispose]: () => {
        if (!isShared) this.#closePrivate(window, slots)
      },
    }
  }

  /** [A × T × S] where the alignment heads look while a window is told `tokens`, prompt and eot included. */
  async align(window: OpenWindow<B>, tokens: readonly number[]): Promise<Float32Array> {
    return await this.#enqueue(window.share, window.signal, undefined, () =>
      this.#backend.align(window.slots.batch, window.slot, tokens),
    )
  }

  close(window: OpenWindow<B>): void {
    this.#leave(window.slots, window.slot)
    this.#awaken()
  }

  async #enqueue<T>(share: FairShare, signal: AbortSignal, needs: Job['needs'], work: () => Promise<T>): Promise<T> {
    const turn = this.#jobs.wait({ share, needs }, signal)
    this.#awaken()
    const done = await turn
    try {
      return await work()
    } finally {
      done()
    }
  }

  #awaken(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#work()
  }

  async #work(): Promise<void> {
    for (;;) {
      // A window that has just been answered may want the next step already, and messages want to be read.
      await new Promise(setImmediate)
      const choice = this.#choose()
      if (!choice) break
      const from = this.#now()
      await choice.work()
      const now = this.#now()
      for (const share of choice.shares) share.charge((now - from) / choice.shares.length, now)
    }
    this.#isRunning = false
  }

  #choose(): Choice | undefined {
    const choices: Choice[] = []
    for (const job of this.#jobs) {
      const { share, needs } = job.item
      if (needs && !this.#hasRoom(needs)) continue
      const work = () => {
        this.#jobs.take(job)
        const { promise, resolve } = Promise.withResolvers<void>()
        job.resolve(resolve)
        return promise
      }
      choices.push({ urgency: needs ? URGENCY.encode : URGENCY.run, shares: [share], work })
    }
    for (const slots of [...this.#batches, ...this.#privateBatches]) {
      if (slots.nReady === 0) continue
      choices.push({ urgency: URGENCY.step, shares: slots.shares, work: () => this.#step(slots) })
    }
    const now = this.#now()
    const first = (shares: readonly FairShare[]) => shares.reduce((a, b) => (b.compare(a, now) < 0 ? b : a))
    return choices.reduce<Choice | undefined>((best, choice) => {
      if (!best) return choice
      const [a, b] = [first(best.shares), first(choice.shares)]
      const order = a === b ? choice.urgency - best.urgency : b.compare(a, now)
      return order < 0 ? choice : best
    }, undefined)
  }

  async #step(slots: BatchSlots<B>): Promise<void> {
    const { audioContext, rowsPerWindow } = slots.batch
    const isAwaited = Array.from(this.#jobs, ({ item }) => item.needs).some(
      (needs) => needs?.audioContext === audioContext && needs.rowsPerWindow === rowsPerWindow,
    )
    if (!isAwaited) slots.closeGaps() // otherwise the gap will be filled
    this.#nSteps++
    this.#nWindowSteps += slots.nReady
    await slots.step()
  }

  #hasRoom({ audioContext, rowsPerWindow }: NonNullable<Job['needs']>): boolean {
    // One window is always let in, whatever its length.
    if (this.#nPositions > 0 && this.#nPositions + audioContext > this.#backend.mostPositions) return false
    const slots = this.#find(audioContext, rowsPerWindow)
    return !slots || slots.hasRoom
  }

  #find(audioContext: number, rowsPerWindow: number): BatchSlots<B> | undefined {
    return this.#batches.find(
      ({ batch }) => batch.audioContext === audioContext && batch.rowsPerWindow === rowsPerWindow,
    )
  }

  #batchFor(audioContext: number, rowsPerWindow: number): BatchSlots<B> {
    const found = this.#find(audioContext, rowsPerWindow)
    if (found) return found
    const slots = new BatchSlots(this.#backend.batch(audioContext, rowsPerWindow))
    this.#batches.push(slots)
    return slots
  }

  #openPrivate(window: OpenWindow<B>, rowsPerWindow: number): BatchSlots<B> {
    const slots = new BatchSlots(this.#backend.batchOver(window.slots.batch, window.slot, rowsPerWindow))
    this.#privateBatches.add(slots)
    window.isPinned = true
    return slots
  }

  #closePrivate(window: OpenWindow<B>, slots: BatchSlots<B>): void {
    window.isPinned = false
    this.#privateBatches.delete(slots)
    slots.batch[Symbol.dispose]()
  }

  #leave(slots: BatchSlots<B>, slot: number): void {
    slots.leave(slot)
    this.#nPositions -= slots.batch.audioContext
    if (!slots.isEmpty) return
    this.#batches.splice(this.#batches.indexOf(slots), 1)
    slots.batch[Symbol.dispose]()
  }
}
