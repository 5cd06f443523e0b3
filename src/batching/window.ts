/** A window that has been encoded and can be decoded, as often as it takes. */

import type { NextTokens, TextDecoder, TokenChoice } from '../decode/index.ts'
import type { Lane } from './lane.ts'
import type { LaneBatch } from './lane-batch.ts'
import type { Ticket } from './ticket.ts'

/** What a window asks the scheduler to do in its turn. */
export interface Turns<L extends Lane> {
  run<T>(ticket: Ticket, signal: AbortSignal, work: () => Promise<T>): Promise<T>
  startSolo(window: OpenWindow<L>, rowsPerWindow: number): LaneBatch<L>
  endSolo(batch: LaneBatch<L>): void
  align(lane: L, slot: number, tokens: readonly number[]): Promise<Float32Array>
  close(window: OpenWindow<L>): void
  awaken(): void
}

export class OpenWindow<L extends Lane = Lane> implements Disposable {
  readonly batch: LaneBatch<L>
  readonly ticket: Ticket
  readonly signal: AbortSignal
  readonly #turns: Turns<L>
  /** The slot may change while nobody reads its features from elsewhere. */
  slot: number
  isPinned = false
  #isClosed = false

  constructor(batch: LaneBatch<L>, slot: number, ticket: Ticket, signal: AbortSignal, turns: Turns<L>) {
    this.batch = batch
    this.slot = slot
    this.ticket = ticket
    this.signal = signal
    this.#turns = turns
  }

  get audioContext(): number {
    return this.batch.lane.audioContext
  }

  /**
   * A fresh text. With as many rows as the window was opened for it shares the steps of other windows; with another
   * number it is decoded on its own. Dispose of it before the window.
   */
  start(rowsPerWindow: number, choice: TokenChoice): TextDecoder & Disposable {
    const isShared = rowsPerWindow === this.batch.lane.rowsPerWindow
    if (isShared) {
      this.batch.lane.clear(this.slot)
      return new BatchedDecoder(
        this.batch,
        () => this.slot,
        this,
        choice,
        this.#turns,
        () => {},
      )
    }
    const solo = this.#turns.startSolo(this, rowsPerWindow)
    this.isPinned = true
    return new BatchedDecoder(
      solo,
      () => 0,
      this,
      choice,
      this.#turns,
      () => {
        this.isPinned = false
        this.#turns.endSolo(solo)
      },
    )
  }

  /** Where the alignment heads look while this window is told `tokens`, prompt and eot included: [A × T × S]. */
  async align(tokens: readonly number[]): Promise<Float32Array> {
    return await this.#turns.run(this.ticket, this.signal, () => this.#turns.align(this.batch.lane, this.slot, tokens))
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#turns.close(this)
  }
}

/** One window's rows; its steps wait for those of the other windows in the lane. */
class BatchedDecoder<L extends Lane> implements TextDecoder, Disposable {
  readonly nRows: number
  readonly #batch: LaneBatch<L>
  readonly #slot: () => number
  readonly #window: OpenWindow<L>
  readonly #choice: TokenChoice
  readonly #turns: Turns<L>
  readonly #onDispose: () => void

  constructor(
    batch: LaneBatch<L>,
    slot: () => number,
    window: OpenWindow<L>,
    choice: TokenChoice,
    turns: Turns<L>,
    onDispose: () => void,
  ) {
    this.nRows = batch.lane.rowsPerWindow
    this.#batch = batch
    this.#slot = slot
    this.#window = window
    this.#choice = choice
    this.#turns = turns
    this.#onDispose = onDispose
  }

  get length(): number {
    return this.#batch.lane.lengthOf(this.#slot())
  }

  async prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const { ticket, signal } = this.#window
    return await this.#turns.run(ticket, signal, () => this.#batch.lane.prompt(this.#slot(), tokens, logitsAt))
  }

  async step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens> {
    const next = this.#batch.nextStep({ slot: this.#slot, window: this.#window, tokens, parents, choice: this.#choice })
    this.#turns.awaken()
    return await next
  }

  [Symbol.dispose](): void {
    this.#onDispose()
  }
}
