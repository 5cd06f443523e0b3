/** Windows of one audio context that are decoded together, their keys and values in the GPU's memory. */

import { Tensor } from 'onnxruntime-node'
import { type AudioFeatures, alignmentHeadInputs } from '../decoder-graph.ts'
import type { GraphSession } from '../session.ts'
import {
  type BatchSize,
  biasOfRows,
  type DecoderBatch,
  type SlotStep,
  type StepOutput,
  tokensOfRows,
} from '../step-backend.ts'
import { BatchFeatures, type GpuFeatures } from './features.ts'
import { type AppendedTokens, GpuKvCache, type GpuKvCacheParts } from './kv-cache.ts'

/** Parts that the batches of one model share. */
export interface GpuBatchParts extends GpuKvCacheParts {
  readonly session: GraphSession
  /** Chooses candidates among logits, on the CPU. */
  readonly candidates: GraphSession
}

export class GpuDecoderBatch implements DecoderBatch {
  readonly audioContext: number
  readonly rowsPerWindow: number
  readonly nWindows: number
  readonly #parts: GpuBatchParts
  readonly #features: BatchFeatures
  readonly #kvCache: GpuKvCache
  readonly #noHeads: Readonly<Record<string, Tensor>>
  /** Gives the only window's features when they are first needed. */
  #source: (() => Promise<GpuFeatures>) | undefined

  /** @param source  of the only window's features, where there is nothing to be encoded. */
  constructor(parts: GpuBatchParts, size: BatchSize, source?: () => Promise<GpuFeatures>) {
    this.audioContext = size.audioContext
    this.rowsPerWindow = size.rowsPerWindow
    this.nWindows = size.nWindows
    this.#parts = parts
    this.#features = new BatchFeatures(parts.arranger, size.nWindows)
    this.#kvCache = new GpuKvCache(parts, size.nWindows * size.rowsPerWindow)
    this.#noHeads = alignmentHeadInputs(parts.session, [])
    this.#source = source
  }

  get vocabSize(): number {
    return this.#parts.shape.vocabSize
  }

  /** @param features  of one window, the batch's own from now on. */
  putFeatures(slot: number, features: GpuFeatures): void {
    this.#features.put(slot, features)
  }

  /** Runs `work` with a slot's features. */
  async withFeatures<T>(slot: number, work: (features: AudioFeatures) => Promise<T>): Promise<T> {
    await this.#fetchFeatures()
    using lent = await this.#features.of(slot)
    return await work(lent.features)
  }

  /** A copy of a slot's features, the caller's own. */
  async copyFeatures(slot: number): Promise<GpuFeatures> {
    await this.#fetchFeatures()
    return await this.#features.copyOf(slot)
  }

  lengthOf(slot: number): number {
    return this.#kvCache.lengthOf(slot * this.rowsPerWindow)
  }

  clear(slot: number): void {
    for (const row of this.#rowsOf(slot)) this.#kvCache.clear(row)
  }

  async prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const [firstRow, ...others] = this.#rowsOf(slot) as [number, ...number[]] // a window has at least one
    const logits = await this.withFeatures(slot, (features) =>
      this.#run(features, { firstRow, tokens: [tokens] }, logitsAt, [firstRow]),
    )
    for (const row of others) this.#kvCache.copy(firstRow, row)
    return logits.data as Float32Array // the graph's logits are float32
  }

  branch(slot: number, parents: readonly number[]): void {
    const first = slot * this.rowsPerWindow
    for (const [row, parent] of parents.entries()) {
      if (parent !== row) this.#kvCache.copy(first + parent, first + row)
    }
  }

  /** Slots behind those that take part cost as much as if they did where they hold texts. */
  async step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<StepOutput> {
    const nSlots = 1 + Math.max(...steps.map(({ slot }) => slot), this.#lastWithText())
    const tokens = tokensOfRows(steps, nSlots * this.rowsPerWindow, this.rowsPerWindow)
    await this.#fetchFeatures()
    const features = await this.#features.ofFirst(nSlots)
    const grown = steps.flatMap(({ slot }) => this.#rowsOf(slot))
    const logits = await this.#run(features, { firstRow: 0, tokens }, [0], grown)
    const bias = biasOfRows(steps, tokens.length, this.rowsPerWindow)
    const { vocabSize } = this
    const { best_tokens, best_logprobs } = await this.#parts.candidates.run({
      logits,
      token_bias: new Tensor('float32', bias, [bias.length / vocabSize, 1, vocabSize]),
      n_best: new Tensor('int64', BigInt64Array.of(BigInt(nBest)), [1]),
    })
    return {
      bestTokens: best_tokens!.data as BigInt64Array, // the graph's outputs have the types named here
      bestLogprobs: best_logprobs!.data as Float32Array,
      logits: needsLogits ? (logits.data as Float32Array) : undefined,
    }
  }

  move(from: number, to: number): void {
    this.#features.move(from, to)
    for (let i = 0; i < this.rowsPerWindow; i++) {
      this.#kvCache.copy(from * this.rowsPerWindow + i, to * this.rowsPerWindow + i)
    }
    this.clear(from)
  }

  [Symbol.dispose](): void {
    this.#features[Symbol.dispose]()
    this.#kvCache[Symbol.dispose]()
  }

  async #fetchFeatures(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    this.#source = undefined
    this.#features.put(0, await source())
  }

  /** @returns the logits [B × K × V]. */
  async #run(
    features: AudioFeatures,
    appended: AppendedTokens,
    logitsAt: readonly number[],
    grown: readonly number[],
  ): Promise<Tensor> {
    const feeds = {
      ...features,
      ...this.#kvCache.inputs(appended),
      ...this.#noHeads,
      logits_at: new Tensor('int64', BigInt64Array.from(logitsAt, BigInt), [logitsAt.length]),
    }
    const { logits, alignment_scores: _, ...present } = await this.#parts.session.run(feeds)
    await this.#kvCache.take(appended, present as Record<string, Tensor>, grown) // the decoder has no other outputs
    return logits!
  }

  #lastWithText(): number {
    for (let slot = this.nWindows - 1; slot >= 0; slot--) if (this.lengthOf(slot) > 0) return slot
    return -1
  }

  #rowsOf(slot: number): number[] {
    return Array.from({ length: this.rowsPerWindow }, (_, i) => slot * this.rowsPerWindow + i)
  }
}
