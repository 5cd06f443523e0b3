/** A decoder batch and the windows in it: which window has which slot, and which wait for the next step. */

import type { LogitRules, NextTokens } from '../decode/index.ts'
import type { FairShare } from './fair-share.ts'
import type { DecoderBatch, StepOutput } from './step-backend.ts'

/** A window with a slot of its own. */
interface Occupant {
  slot: number
  /** True while a private batch reads the slot's features, so that they must stay where they are. */
  readonly isPinned: boolean
}

interface StepRequest {
  /** The slot may change until the step is taken. */
  readonly slot: () => number
  readonly window: { readonly share: FairShare; readonly signal: AbortSignal }
  readonly tokens: readonly number[]
  readonly parents: readonly number[] | undefined
  readonly rules: LogitRules
}

interface WaitingStep extends StepRequest {
  readonly answer: PromiseWithResolvers<NextTokens>
}

export class BatchSlots<B extends DecoderBatch> {
  readonly batch: B
  readonly #windows: (Occupant | 'reserved' | undefined)[]
  #waiting: WaitingStep[] = []

  constructor(batch: B) {
    this.batch = batch
    this.#windows = new Array(batch.nWindows).fill(undefined)
  }

  get hasRoom(): boolean {
    return this.#windows.includes(undefined)
  }

  get isEmpty(): boolean {
    return this.#windows.every((window) => window === undefined)
  }

  /** Windows that wait for the next step. */
  get nReady(): number {
    return this.#waiting.length
  }

  /** Of the requests whose windows wait for a step. */
  get shares(): readonly FairShare[] {
    return this.#waiting.map(({ window }) => window.share)
  }

  /** Takes the lowest free slot: steps cost time up to the highest one in use. */
  reserve(): number {
    const slot = this.#windows.indexOf(undefined)
    this.#windows[slot] = 'reserved'
    return slot
  }

  enter(slot: number, window: Occupant): void {
    this.#windows[slot] = window
  }

  leave(slot: number): void {
    this.#windows[slot] = undefined
    this.batch.clear(slot)
  }

  /** Resolves with the step in which the window takes part. */
  nextStep(request: StepRequest): Promise<NextTokens> {
    const answer = Promise.withResolvers<NextTokens>()
    this.#waiting.push({ ...request, answer })
    return answer.promise
  }

  /** Lets go of windows whose request has been aborted. */
  dropAborted(): void {
    const aborted = this.#waiting.filter(({ window }) => window.signal.aborted)
    if (aborted.length === 0) return
    this.#waiting = this.#waiting.filter(({ window }) => !window.signal.aborted)
    for (const { answer, window } of aborted) answer.reject(window.signal.reason)
  }

  /** Moves windows from the highest slots into free lower ones. */
  closeGaps(): void {
    for (;;) {
      const free = this.#windows.indexOf(undefined)
      const last = this.#windows.findLastIndex((window) => window !== undefined)
      const window = this.#windows[last]
      if (free < 0 || free > last || window === undefined || window === 'reserved' || window.isPinned) return
      this.batch.move(last, free)
      this.#windows[free] = window
      this.#windows[last] = undefined
      window.slot = free
    }
  }

  /** One step for all windows that wait. What goes wrong goes to them. */
  async step(): Promise<void> {
    const taken = this.#waiting
    this.#waiting = []
    try {
      const steps = taken.map(({ slot, tokens, parents, rules }) => {
        if (parents) this.batch.branch(slot(), parents)
        return { slot: slot(), tokens, logitBias: rules.logitBias }
      })
      const needsLogits = taken.some(({ rules }) => rules.needsLogits)
      const output = await this.batch.step(steps, this.batch.rowsPerWindow + 1, needsLogits)
      for (const [i, { answer, rules }] of taken.entries()) {
        answer.resolve(partOf(output, steps[i]!.slot, this.batch.rowsPerWindow, rules.needsLogits))
      }
    } catch (error) {
      for (const { answer } of taken) answer.reject(error)
    }
  }
}

function partOf(output: StepOutput, slot: number, nRows: number, needsLogits: boolean): NextTokens {
  const { bestTokens, bestLogprobs, logits } = output
  const nBest = nRows + 1
  const [from, to] = [slot * nRows, (slot + 1) * nRows]
  const vocabSize = logits ? (logits.length / bestTokens.length) * nBest : 0
  return {
    tokens: bestTokens.subarray(from * nBest, to * nBest),
    logprobs: bestLogprobs.subarray(from * nBest, to * nBest),
    logits: needsLogits ? logits?.subarray(from * vocabSize, to * vocabSize) : undefined,
  }
}
