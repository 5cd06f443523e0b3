/** Keys and values of cross-attention of a batch's windows, kept in the GPU's memory. */

import type { Tensor } from 'onnxruntime-node'
import type { AudioFeatures } from '../decoder-graph.ts'
import type { GpuRows, RowArranger } from './rows.ts'

/** `cross_key_L`, `cross_value_L`: a row for each window. */
export type GpuFeatures = ReadonlyMap<string, GpuRows>

/** The features of one window, to be used now. */
export interface LentFeatures extends Disposable {
  readonly features: AudioFeatures
}

/** Place of one window's features: still as the encoder gave them, or in a row of those that are held together. */
type Place = { readonly own: GpuFeatures } | { readonly row: number }

/**
 * A step needs its windows' features side by side. They are put together when a window first takes part in a step, and
 * brought into order when the slots have changed; a batch of one window uses what the encoder gave.
 */
export class BatchFeatures implements Disposable {
  readonly #arranger: RowArranger
  readonly #places: (Place | undefined)[]
  /** Some of its rows may be of windows that have left. */
  readonly #held = new Map<string, GpuRows>()
  #nHeld = 0

  constructor(arranger: RowArranger, nSlots: number) {
    this.#arranger = arranger
    this.#places = new Array(nSlots).fill(undefined)
  }

  /** @param features  of one window, owned here from now on. */
  put(slot: number, features: GpuFeatures): void {
    this.#drop(slot)
    this.#places[slot] = { own: features }
  }

  /** Slot `to` takes over what slot `from` has. */
  move(from: number, to: number): void {
    this.#drop(to)
    this.#places[to] = this.#places[from]
    this.#places[from] = undefined
  }

  /** Features of one slot, which must have some: [1 × …]. */
  async of(slot: number): Promise<LentFeatures> {
    const place = this.#places[slot]!
    if ('own' in place || this.#nHeld === 1) return lent('own' in place ? place.own : this.#held, () => {})
    const copies = await this.#copyOf(place.row)
    return lent(copies, () => giveBack(copies))
  }

  /** A copy of one slot's. */
  async copyOf(slot: number): Promise<GpuFeatures> {
    const place = this.#places[slot]!
    return 'own' in place ? await this.#pick(place.own, [0]) : await this.#copyOf(place.row)
  }

  /** Features of the first slots, side by side; one without features gets those of another. */
  async ofFirst(nSlots: number): Promise<AudioFeatures> {
    for (let slot = 0; slot < nSlots; slot++) {
      const place = this.#places[slot]
      if (place && 'own' in place) await this.#hold(slot, place.own)
    }
    const isInPlace = this.#rows.every((row, slot) => slot >= nSlots || row === undefined || row === slot)
    if (!isInPlace || nSlots > this.#nHeld) await this.#rearrange(nSlots)
    return inputsOf(this.#held, nSlots)
  }

  [Symbol.dispose](): void {
    for (const slot of this.#places.keys()) this.#drop(slot)
    giveBack(this.#held)
    this.#held.clear()
    this.#nHeld = 0
  }

  /** Row of each slot. */
  get #rows(): (number | undefined)[] {
    return this.#places.map((place) => (place && 'row' in place ? place.row : undefined))
  }

  #drop(slot: number): void {
    const place = this.#places[slot]
    if (place && 'own' in place) giveBack(place.own)
    this.#places[slot] = undefined
  }

  async #hold(slot: number, own: GpuFeatures): Promise<void> {
    for (const [name, rows] of own) {
      const held = this.#held.get(name)
      this.#held.set(name, held ? await this.#arranger.join(held, rows) : rows)
    }
    this.#places[slot] = { row: this.#nHeld++ }
  }

  /** Brings rows into the order of their slots, and leaves out those of windows that have left. */
  async #rearrange(nSlots: number): Promise<void> {
    const rows = this.#rows
    const nRows = Math.max(nSlots, rows.findLastIndex((row) => row !== undefined) + 1)
    const order = Array.from({ length: nRows }, (_, slot) => rows[slot] ?? 0)
    for (const [name, held] of this.#held) {
      this.#held.set(name, await this.#arranger.pick(held, order)) // one after the other, so that no two are there twice
      held[Symbol.dispose]()
    }
    this.#nHeld = nRows
    for (const [slot, row] of rows.entries()) if (row !== undefined) this.#places[slot] = { row: slot }
  }

  async #copyOf(row: number): Promise<GpuFeatures> {
    return await this.#pick(this.#held, [row])
  }

  async #pick(features: GpuFeatures, order: readonly number[]): Promise<GpuFeatures> {
    const picked = new Map<string, GpuRows>()
    for (const [name, rows] of features) picked.set(name, await this.#arranger.pick(rows, order))
    return picked
  }
}

function lent(features: GpuFeatures, dispose: () => void): LentFeatures {
  return { features: inputsOf(features, 1), [Symbol.dispose]: dispose }
}

function inputsOf(features: GpuFeatures, nRows: number): Record<string, Tensor> {
  return Object.fromEntries(Array.from(features, ([name, rows]) => [name, rows.first(nRows)]))
}

function giveBack(features: GpuFeatures): void {
  for (const rows of features.values()) rows[Symbol.dispose]()
}
