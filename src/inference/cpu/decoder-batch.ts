/** Windows of one audio context that are decoded together, each in a slot of its own with the same number of rows. */

import { Tensor } from 'onnxruntime-node'
import { type AudioFeatures, alignmentHeadInputs, type DecoderShape } from '../decoder-graph.ts'
import type { GraphSession } from '../session.ts'
import {
  type BatchSize,
  biasOfRows,
  type DecoderBatch,
  type SlotStep,
  type StepOutput,
  tokensOfRows,
} from '../step-backend.ts'
import type { TokenEmbeddings } from '../token-embeddings.ts'
import type { FloatPool } from './float-pool.ts'
import { KvCache } from './kv-cache.ts'

/** Parts that the batches of one model share. */
export interface BatchParts {
  readonly session: GraphSession
  readonly embeddings: TokenEmbeddings
  readonly shape: DecoderShape
  readonly pool: FloatPool
}

export class CpuDecoderBatch implements DecoderBatch {
  readonly audioContext: number
  readonly rowsPerWindow: number
  readonly nWindows: number
  readonly #session: GraphSession
  readonly #shape: DecoderShape
  readonly #pool: FloatPool
  /** `cross_key_L`, `cross_value_L`, each [slots × H × S × D/H]; undefined where the only slot's are the caller's. */
  readonly #cross: ReadonlyMap<string, Float32Array> | undefined
  readonly #given: AudioFeatures | undefined
  readonly #kvCache: KvCache
  readonly #noHeads: Readonly<Record<string, Tensor>>

  constructor(
    { session, embeddings, shape, pool }: BatchParts,
    { audioContext, rowsPerWindow, nWindows }: BatchSize,
    features?: AudioFeatures,
  ) {
    this.audioContext = audioContext
    this.rowsPerWindow = rowsPerWindow
    this.nWindows = nWindows
    this.#session = session
    this.#shape = shape
    this.#pool = pool
    this.#given = features
    this.#cross = features ? undefined : this.#newCross()
    this.#kvCache = new KvCache(shape, embeddings, pool, nWindows * rowsPerWindow)
    this.#noHeads = alignmentHeadInputs(session, [])
  }

  get vocabSize(): number {
    return this.#shape.vocabSize
  }

  /** A slot's features, to be written by the encoder and read by the decoder. */
  featuresOf(slot: number): AudioFeatures {
    return this.#given ?? this.#featuresOf(slot, 1)
  }

  lengthOf(slot: number): number {
    return this.#kvCache.lengthOf(slot * this.rowsPerWindow)
  }

  clear(slot: number): void {
    for (const row of this.#rowsOf(slot)) this.#kvCache.clear(row)
  }

  async prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const rows = [...this.#rowsOf(slot)]
    const feeds = {
      ...this.featuresOf(slot),
      ...this.#kvCache.inputs(rows[0]!, [tokens]),
      ...this.#choiceInputs(new Float32Array(this.#shape.vocabSize), 1),
      logits_at: new Tensor('int64', BigInt64Array.from(logitsAt, BigInt), [logitsAt.length]),
    }
    const { logits, new_keys_values: added } = await this.#session.run(feeds, ['logits', 'new_keys_values'])
    for (const row of rows) this.#kvCache.append(row, tokens, added!.data as Float32Array, 0)
    return logits!.data as Float32Array // both outputs are float32
  }

  branch(slot: number, parents: readonly number[]): void {
    const first = slot * this.rowsPerWindow
    for (const [row, parent] of parents.entries()) {
      if (parent !== row) this.#kvCache.copy(first + parent, first + row)
    }
  }

  async step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<StepOutput> {
    const nSlots = this.#computedSlots(1 + Math.max(...steps.map(({ slot }) => slot)))
    const nRows = nSlots * this.rowsPerWindow
    const tokens = tokensOfRows(steps, nRows, this.rowsPerWindow)
    const feeds = {
      ...(this.#given ?? this.#featuresOf(0, nSlots)),
      ...this.#kvCache.inputs(0, tokens),
      ...this.#choiceInputs(biasOfRows(steps, nRows, this.rowsPerWindow), nBest),
      logits_at: new Tensor('int64', BigInt64Array.of(0n), [1]),
    }
    const fetches = ['best_tokens', 'best_logprobs', 'new_keys_values', ...(needsLogits ? ['logits'] : [])]
    const outputs = await this.#session.run(feeds, fetches)
    const added = outputs.new_keys_values!.data as Float32Array // the graph's outputs have the types named here
    for (const { slot } of steps) {
      for (const row of this.#rowsOf(slot)) this.#kvCache.append(row, tokens[row]!, added, row)
    }
    return {
      bestTokens: outputs.best_tokens!.data as BigInt64Array,
      bestLogprobs: outputs.best_logprobs!.data as Float32Array,
      logits: outputs.logits?.data as Float32Array | undefined,
    }
  }

  /**
   * The runtime's 8-bit product computes rows in pairs, and the last of an odd number by another kernel, whose logits differ by
   * up to 0.5 (root mean square 0.09 on Whisper base). Greedy windows come in even numbers therefore, or a text would depend on how
   * many others are decoded beside it; the second row of a pair costs next to nothing, since the weights are read once for
   * both. With several rows a window it would cost as much as a window.
   */
  #computedSlots(nSlots: number): number {
    return this.rowsPerWindow === 1 ? Math.min(nSlots + (nSlots % 2), this.nWindows) : nSlots
  }

  move(from: number, to: number): void {
    const size = this.audioContext * this.#shape.dModel // buffers of the pool may be longer than they need to be
    for (const buffer of this.#cross?.values() ?? []) {
      buffer.copyWithin(to * size, from * size, (from + 1) * size)
    }
    for (let i = 0; i < this.rowsPerWindow; i++) {
      const [source, target] = [from * this.rowsPerWindow + i, to * this.rowsPerWindow + i]
      this.#kvCache.clear(target)
      this.#kvCache.copy(source, target)
      this.#kvCache.clear(source)
    }
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#cross?.values() ?? []) this.#pool.release(buffer)
    this.#kvCache[Symbol.dispose]()
    this.#pool.trim(4 * this.#shape.decoderLayers)
  }

  #newCross(): ReadonlyMap<string, Float32Array> {
    const cross = new Map<string, Float32Array>()
    for (let layer = 0; layer < this.#shape.decoderLayers; layer++) {
      for (const part of ['key', 'value']) {
        const length = this.nWindows * this.audioContext * this.#shape.dModel
        cross.set(`cross_${part}_${layer}`, this.#pool.acquire(length))
      }
    }
    return cross
  }

  #featuresOf(firstSlot: number, nSlots: number): AudioFeatures {
    const { decoderHeads, dModel } = this.#shape
    const dims = [nSlots, decoderHeads, this.audioContext, dModel / decoderHeads]
    const size = this.audioContext * dModel
    return Object.fromEntries(
      Array.from(this.#cross!, ([name, buffer]) => {
        const data = buffer.subarray(firstSlot * size, (firstSlot + nSlots) * size)
        return [name, new Tensor('float32', data, dims)]
      }),
    )
  }

  *#rowsOf(slot: number): Generator<number> {
    for (let i = 0; i < this.rowsPerWindow; i++) yield slot * this.rowsPerWindow + i
  }

  /** @param bias  [1 × V], or [B × V]. */
  #choiceInputs(bias: Float32Array, nBest: number): Record<string, Tensor> {
    const { vocabSize } = this.#shape
    return {
      ...this.#noHeads,
      token_bias: new Tensor('float32', bias, [bias.length / vocabSize, 1, vocabSize]),
      n_best: new Tensor('int64', BigInt64Array.of(BigInt(nBest)), [1]),
    }
  }
}
