/** Keys and values of self-attention for rows of text, each of its own length. */

import { Tensor } from 'onnxruntime-node'
import type { DecoderShape } from '../decoder-graph.ts'
import type { TokenEmbeddings } from '../token-embeddings.ts'
import type { FloatPool } from './float-pool.ts'

/** Places for tokens that each row has at first; more are made as texts grow, since every place costs time. */
const FIRST_CAPACITY = 32

export class KvCache implements Disposable {
  readonly #shape: DecoderShape
  readonly #embeddings: TokenEmbeddings
  readonly #pool: FloatPool
  readonly #nRows: number
  /** Tokens of each row, so that only those that differ need be copied from row to row. */
  readonly #tokens: number[][]
  #capacity = FIRST_CAPACITY
  /** Keys and values by turns, for each layer: [rows × H × C × D/H]. */
  #buffers: readonly Float32Array[]

  constructor(shape: DecoderShape, embeddings: TokenEmbeddings, pool: FloatPool, nRows: number) {
    this.#shape = shape
    this.#embeddings = embeddings
    this.#pool = pool
    this.#nRows = nRows
    this.#tokens = Array.from({ length: nRows }, () => [])
    this.#buffers = this.#newBuffers(this.#capacity)
  }

  lengthOf(row: number): number {
    return this.#tokens[row]!.length
  }

  clear(row: number): void {
    this.#tokens[row] = []
  }

  /**
   * The decoder's inputs for appending T tokens to each of B rows in succession.
   *
   * @param firstRow  of the rows.
   * @param tokens    B × [T]
   */
  inputs(firstRow: number, tokens: readonly (readonly number[])[]): Record<string, Tensor> {
    const [nRows, nNew] = [tokens.length, tokens[0]!.length]
    const lengths = tokens.map((_, i) => this.lengthOf(firstRow + i))
    this.#reserve(Math.max(...lengths) + nNew)
    // Texts that have not begun are not read, so that no time is spent on empty places.
    const capacity = lengths.some((length) => length > 0) ? this.#capacity : 0

    const places = new BigInt64Array(nRows * nNew)
    const mask = new Float32Array(nRows * nNew * (capacity + nNew))
    for (const [i, length] of lengths.entries()) {
      for (let t = 0; t < nNew; t++) {
        places[i * nNew + t] = BigInt(length + t)
        const from = (i * nNew + t) * (capacity + nNew)
        mask.fill(Number.NEGATIVE_INFINITY, from + length, from + capacity)
      }
    }
    const { decoderHeads, dModel } = this.#shape
    const dims = [nRows, decoderHeads, capacity, dModel / decoderHeads]
    const inputs: Record<string, Tensor> = {
      embedded: new Tensor('float32', this.#embeddings.of(tokens.flat()), [nRows, nNew, dModel]),
      positions: new Tensor('int64', places, [nRows, nNew]),
      past_mask: new Tensor('float32', mask, [nRows, 1, nNew, capacity + nNew]),
    }
    const perRow = capacity * dModel
    for (const [i, buffer] of this.#buffers.entries()) {
      const data = buffer.subarray(firstRow * perRow, (firstRow + nRows) * perRow)
      inputs[`past_${i % 2 === 0 ? 'key' : 'value'}_${i >> 1}`] = new Tensor('float32', data, dims)
    }
    return inputs
  }

  /**
   * Adds tokens to a row.
   *
   * @param added  [B × T × 2LD] what the decoder gave for B rows.
   * @param index  which of the B.
   */
  append(row: number, tokens: readonly number[], added: Float32Array, index: number): void {
    const { decoderHeads, dModel } = this.#shape
    const headSize = dModel / decoderHeads
    const length = this.lengthOf(row)
    for (let t = 0; t < tokens.length; t++) {
      let from = (index * tokens.length + t) * this.#buffers.length * dModel
      for (const buffer of this.#buffers) {
        let to = (row * decoderHeads * this.#capacity + length + t) * headSize
        for (let head = 0; head < decoderHeads; head++) {
          for (let i = 0; i < headSize; i++) buffer[to + i] = added[from + i]!
          from += headSize
          to += this.#capacity * headSize
        }
      }
    }
    this.#tokens[row]!.push(...tokens)
  }

  /** Row `to` becomes a copy of row `from`. What both begin with is there already. */
  copy(from: number, to: number): void {
    const [source, target] = [this.#tokens[from]!, this.#tokens[to]!]
    let same = 0
    while (same < source.length && source[same] === target[same]) same++
    if (same < source.length) this.#copyPlaces(from, to, same, source.length)
    this.#tokens[to] = [...source]
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) this.#pool.release(buffer)
  }

  #copyPlaces(from: number, to: number, start: number, end: number): void {
    const { decoderHeads, dModel } = this.#shape
    const headSize = dModel / decoderHeads
    for (const buffer of this.#buffers) {
      for (let head = 0; head < decoderHeads; head++) {
        const source = (from * decoderHeads + head) * this.#capacity
        const target = (to * decoderHeads + head) * this.#capacity
        buffer.copyWithin((target + start) * headSize, (source + start) * headSize, (source + end) * headSize)
      }
    }
  }

  /** Makes room for `length` tokens in each row. */
  #reserve(length: number): void {
    if (length <= this.#capacity) return
    const capacity = capacityFor(length, this.#shape.maxTextContext)
    const { decoderHeads, dModel } = this.#shape
    const headSize = dModel / decoderHeads
    const grown = this.#newBuffers(capacity)
    for (const [i, old] of this.#buffers.entries()) {
      for (let head = 0; head < this.#nRows * decoderHeads; head++) {
        const nFloats = this.lengthOf(Math.floor(head / decoderHeads)) * headSize
        const from = head * this.#capacity * headSize
        grown[i]!.set(old.subarray(from, from + nFloats), head * capacity * headSize)
      }
      this.#pool.release(old)
    }
    this.#buffers = grown
    this.#capacity = capacity
  }

  #newBuffers(capacity: number): Float32Array[] {
    const length = this.#nRows * capacity * this.#shape.dModel
    return Array.from({ length: 2 * this.#shape.decoderLayers }, () => this.#pool.acquire(length))
  }
}

/** Half as much again as is needed, in whole cache lines, and never more than a text can have. */
function capacityFor(length: number, most: number): number {
  return Math.min(Math.max(length, most), Math.ceil((length * 1.5) / 16) * 16)
}
