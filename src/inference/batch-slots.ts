/** A decoder batch and the windows in it: which window has which slot, and which wait for the next step. */

import { WaitList } from '../async/wait-list.ts'
import type { LogitRules, NextTokens } from '../whisper/index.ts'
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

export class BatchSlots<B extends DecoderBatch> {
  readonly batch: B
  readonly #windows: (Occupant | 'reserved' | undefined)[]
  readonly #waiting = new WaitList<StepRequest, NextTokens>()

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
    return this.#waiting.size
  }

  /** Of the requests whose windows wait for a step. */
  get shares(): readonly FairShare[] {
    return Array.from(this.#waiting, ({ item }) => item.window.share)
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
    return this.#waiting.wait(request, request.window.signal)
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
    const taken = this.#waiting.takeAll()
    try {
      const steps = taken.map(({ item: { slot, tokens, parents, rules } }) => {
        if (parents) this.batch.branch(slot(), parents)
        return { slot: slot(), tokens, logitBias: rules.logitBias }
      })
      const needsLogits = taken.some(({ item }) => item.rules.needsLogits)
      const output = await this.batch.step(steps, this.batch.rowsPerWindow + 1, needsLogits)
      for (const [i, { item, resolve }] of taken.entries()) {
        resolve(partOf(output, steps[i]!.slot, this.batch.rowsPerWindow, item.rules.needsLogits))
      }
    } catch (error) {
      for (const { reject } of taken) reject(error)
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
