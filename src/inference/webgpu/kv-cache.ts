/** Keys and values of self-attention for rows of text, in the GPU's memory; here is only where each row's are. */

import { Tensor } from 'onnxruntime-node'
import type { DecoderShape } from '../decoder-graph.ts'
import type { TokenEmbeddings } from '../token-embeddings.ts'
import { GpuRows, type RowArranger } from './rows.ts'

/** Rows get room in steps of so many tokens, since for new shapes the runtime may compile new programs. */
const ROOM_STEP = 16

/**
 * Added to attention's products for what shall not be seen. Infinities are nothing that WebGPU promises to handle, and in
 * half precision they begin at 65504.
 */
const UNSEEN = -3e4

/** T tokens for each of B rows in succession. */
export interface AppendedTokens {
  readonly firstRow: number
  /** B × [T] */
  readonly tokens: readonly (readonly number[])[]
}

/** Parts that the KV caches of one model share. */
export interface GpuKvCacheParts {
  readonly shape: DecoderShape
  readonly embeddings: TokenEmbeddings
  readonly arranger: RowArranger
  /** One place [1 × D] that is never attended to, because a GPU has no empty buffers. */
  readonly emptyPlace: GpuRows
}

export class GpuKvCache implements Disposable {
  readonly #shape: DecoderShape
  readonly #embeddings: TokenEmbeddings
  readonly #arranger: RowArranger
  readonly #emptyPlace: GpuRows
  /** For each row, the place of each of its tokens. */
  readonly #rows: number[][]
  /** `past_key_L`, `past_value_L`: a row for each place. */
  readonly #past = new Map<string, GpuRows>()
  #nPlaces = 0

  constructor({ shape, embeddings, arranger, emptyPlace }: GpuKvCacheParts, nRows: number) {
    this.#shape = shape
    this.#embeddings = embeddings
    this.#arranger = arranger
    this.#emptyPlace = emptyPlace
    this.#rows = Array.from({ length: nRows }, () => [])
  }

  lengthOf(row: number): number {
    return this.#rows[row]!.length
  }

  clear(row: number): void {
    this.#rows[row] = []
  }

  /** Row `to` becomes a copy of row `from`. */
  copy(from: number, to: number): void {
    this.#rows[to] = [...this.#rows[from]!]
  }

  /** The decoder's inputs for appending tokens. */
  inputs({ firstRow, tokens }: AppendedTokens): Record<string, Tensor> {
    const rows = this.#rows.slice(firstRow, firstRow + tokens.length)
    const past = this.#past.size > 0 ? this.#past : emptyPast(this.#shape, this.#emptyPlace)
    return {
      ...textInputs(this.#shape, this.#embeddings, rows, tokens),
      ...Object.fromEntries(Array.from(past, ([name, places]) => [name, places.first()])),
    }
  }

  /**
   * Takes over what a run with these inputs has given: the past of its rows, moved together, and behind it what is new.
   *
   * @param present  `present_key_L`, `present_value_L`, each [B × C+T × D], owned here from now on.
   * @param grown    the rows that keep the new tokens.
   */
  async take(
    { firstRow, tokens }: AppendedTokens,
    present: Readonly<Record<string, Tensor>>,
    grown: readonly number[],
  ): Promise<void> {
    const [nRows, nNew] = [tokens.length, tokens[0]!.length]
    const room = roomFor(this.#rows.slice(firstRow, firstRow + nRows))
    const isElsewhere = (row: number) => row < firstRow || row >= firstRow + nRows
    const keepsOthers = this.#rows.some((places, row) => places.length > 0 && isElsewhere(row))
    for (const [name, tensor] of Object.entries(present)) {
      const past = name.replace('present', 'past')
      const [old, added] = [this.#past.get(past), new GpuRows(tensor, [this.#shape.dModel])]
      if (old && !keepsOthers) old[Symbol.dispose]()
      this.#past.set(past, old && keepsOthers ? await this.#arranger.join(old, added) : added)
    }
    const offset = keepsOthers ? this.#nPlaces : 0
    this.#nPlaces = offset + nRows * (room + nNew)
    for (let i = 0; i < nRows; i++) {
      const from = offset + i * (room + nNew)
      const moved = this.#rows[firstRow + i]!.map((_, place) => from + place)
      const added = grown.includes(firstRow + i) ? tokens[i]!.map((_, t) => from + room + t) : []
      this.#rows[firstRow + i] = [...moved, ...added]
    }
  }

  [Symbol.dispose](): void {
    for (const places of this.#past.values()) places[Symbol.dispose]()
  }
}

/** The decoder's inputs for a single text that begins with `tokens` and is not kept. */
export function unkeptTextInputs(
  { shape, embeddings, emptyPlace }: Omit<GpuKvCacheParts, 'arranger'>,
  tokens: readonly number[],
): Record<string, Tensor> {
  const past = Array.from(emptyPast(shape, emptyPlace), ([name, places]) => [name, places.first()])
  return { ...textInputs(shape, embeddings, [[]], [tokens]), ...Object.fromEntries(past) }
}

/** Room for the past of `rows`. At least one step, because a GPU has no empty buffers. */
function roomFor(rows: readonly (readonly number[])[]): number {
  const longest = Math.max(1, ...rows.map((places) => places.length))
  return Math.ceil(longest / ROOM_STEP) * ROOM_STEP
}

/**
 * All of a step's inputs that tell of texts, but for the past itself.
 *
 * @param rows    B, the places of what each row says already.
 * @param tokens  B × [T], what is appended.
 */
function textInputs(
  { dModel, maxTextContext }: DecoderShape,
  embeddings: TokenEmbeddings,
  rows: readonly (readonly number[])[],
  tokens: readonly (readonly number[])[],
): Record<string, Tensor> {
  const [nRows, nNew, room] = [rows.length, tokens[0]!.length, roomFor(rows)]
  const places = new Int32Array(nRows * room)
  const positions = new BigInt64Array(nRows * nNew)
  const mask = new Float32Array(nRows * nNew * (room + nNew)).fill(UNSEEN)
  for (const [i, row] of rows.entries()) {
    places.set(row, i * room)
    for (let t = 0; t < nNew; t++) {
      // A row that has reached the end of its text takes part in the others' steps, and must not read beyond the table.
      positions[i * nNew + t] = BigInt(Math.min(row.length + t, maxTextContext - 1))
      const from = (i * nNew + t) * (room + nNew)
      mask.fill(0, from, from + row.length)
      mask.fill(0, from + room, from + room + t + 1)
    }
  }
  return {
    embedded: new Tensor('float32', embeddings.of(tokens.flat()), [nRows, nNew, dModel]),
    positions: new Tensor('int64', positions, [nRows, nNew]),
    past_mask: new Tensor('float32', mask, [nRows, 1, nNew, room + nNew]),
    places: new Tensor('int32', places, [nRows, room]),
  }
}

/** The past of a text that begins. */
function emptyPast({ decoderLayers }: DecoderShape, emptyPlace: GpuRows): ReadonlyMap<string, GpuRows> {
  const past = new Map<string, GpuRows>()
  for (let layer = 0; layer < decoderLayers; layer++) {
    for (const part of ['key', 'value']) past.set(`past_${part}_${layer}`, emptyPlace)
  }
  return past
}
