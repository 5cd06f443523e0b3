/** A lane and the windows in it: who sits in which slot, and who waits for the next step. */

import type { NextTokens, TokenChoice } from '../decode/index.ts'
import type { Lane, LaneStepOutput } from './lane.ts'
import type { Ticket } from './ticket.ts'

/** Who sits in a slot. */
interface Occupant {
  slot: number
  /** True while somebody else reads the slot's features, so that it must stay where it is. */
  readonly isPinned: boolean
}

interface StepRequest {
  /** The slot may change until the step is taken. */
  readonly slot: () => number
  readonly window: { readonly ticket: Ticket; readonly signal: AbortSignal }
  readonly tokens: readonly number[]
  readonly parents: readonly number[] | undefined
  readonly choice: TokenChoice
}

interface WaitingStep extends StepRequest {
  readonly answer: PromiseWithResolvers<NextTokens>
}

export class LaneBatch<L extends Lane> {
  readonly lane: L
  readonly #windows: (Occupant | 'reserved' | undefined)[]
  #waiting: WaitingStep[] = []

  constructor(lane: L) {
    this.lane = lane
    this.#windows = new Array(lane.nWindows).fill(undefined)
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

  /** The requests whose windows wait for a step. */
  get tickets(): readonly Ticket[] {
    return this.#waiting.map(({ window }) => window.ticket)
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
    this.lane.clear(slot)
  }

  /** Resolves with the step in which the window takes part. */
  nextStep(request: StepRequest): Promise<NextTokens> {
    const answer = Promise.withResolvers<NextTokens>()
    this.#waiting.push({ ...request, answer })
    return answer.promise
  }

  /** Lets go of those whose request has been aborted. */
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
      this.lane.move(last, free)
      this.#windows[free] = window
      this.#windows[last] = undefined
      window.slot = free
    }
  }

  /** One step for all that wait. What goes wrong goes to them. */
  async step(): Promise<void> {
    const taken = this.#waiting
    this.#waiting = []
    try {
      const steps = taken.map(({ slot, tokens, parents, choice }) => {
        if (parents) this.lane.branch(slot(), parents)
        return { slot: slot(), tokens, tokenBias: choice.tokenBias }
      })
      const needsLogits = taken.some(({ choice }) => choice.needsLogits)
      const output = await this.lane.step(steps, this.lane.rowsPerWindow + 1, needsLogits)
      for (const [i, { answer, choice }] of taken.entries()) {
        answer.resolve(partOf(output, steps[i]!.slot, this.lane.rowsPerWindow, choice.needsLogits))
      }
    } catch (error) {
      for (const { answer } of taken) answer.reject(error)
    }
  }
}

function partOf(output: LaneStepOutput, slot: number, nRows: number, needsLogits: boolean): NextTokens {
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
