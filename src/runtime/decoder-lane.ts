/** Windows of one audio context that are decoded together, each in a slot of its own with the same number of rows. */

import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { alignmentHeadInputs } from './alignment-heads.ts'
import type { AudioFeatures, DecoderShape } from './encoder-session.ts'
import type { FloatPool } from './float-pool.ts'
import type { Run } from './run-on-device.ts'
import { TextCache } from './text-cache.ts'
import type { TokenEmbeddings } from './token-embeddings.ts'

export interface LaneSize {
  /** S: encoder positions of 20 ms. */
  readonly audioContext: number
  /** R */
  readonly rowsPerWindow: number
  /** Slots. */
  readonly nWindows: number
}

/** What the lanes of one model have in common. */
export interface LaneParts {
  readonly session: InferenceSession
  readonly run: Run
  readonly embeddings: TokenEmbeddings
  readonly shape: DecoderShape
  readonly pool: FloatPool
}

/** One window's part in a step. */
export interface SlotStep {
  readonly slot: number
  /** [R] the token that each row goes on with. */
  readonly tokens: readonly number[]
  /** [V], added to the logits before candidates are chosen. */
  readonly tokenBias: Float32Array
}

export interface LaneStepOutput {
  /** [rows × N], the rows of all slots up to the last one that took part. */
  readonly bestTokens: BigInt64Array
  readonly bestLogprobs: Float32Array
  /** [rows × V], where they were asked for. */
  readonly logits: Float32Array | undefined
}

export class DecoderLane implements Disposable {
  readonly audioContext: number
  readonly rowsPerWindow: number
  readonly nWindows: number
  readonly #run: Run
  readonly #shape: DecoderShape
  readonly #pool: FloatPool
  /** `cross_key_L`, `cross_value_L`, each [slots × H × S × D/H]; undefined where the only slot's are the caller's. */
  readonly #cross: ReadonlyMap<string, Float32Array> | undefined
  readonly #given: AudioFeatures | undefined
  readonly #texts: TextCache
  readonly #noHeads: Readonly<Record<string, Tensor>>

  constructor(
    { session, run, embeddings, shape, pool }: LaneParts,
    { audioContext, rowsPerWindow, nWindows }: LaneSize,
    features?: AudioFeatures,
  ) {
    this.audioContext = audioContext
    this.rowsPerWindow = rowsPerWindow
    this.nWindows = nWindows
    this.#run = run
    this.#shape = shape
    this.#pool = pool
    this.#given = features
    this.#cross = features ? undefined : this.#newCross()
    this.#texts = new TextCache(shape, embeddings, pool, nWindows * rowsPerWindow)
    this.#noHeads = alignmentHeadInputs(session, [])
  }

  get vocabSize(): number {
    return this.#shape.vocabSize
  }

  /** Where the encoder writes a slot's features, and they are read from. */
  featuresOf(slot: number): AudioFeatures {
    return this.#given ?? this.#featuresOf(slot, 1)
  }

  /** Tokens that each row of the slot holds. */
  lengthOf(slot: number): number {
    return this.#texts.lengthOf(slot * this.rowsPerWindow)
  }

  /** Forgets the slot's text. */
  clear(slot: number): void {
    for (const row of this.#rowsOf(slot)) this.#texts.clear(row)
  }

  /**
   * Appends the same T tokens to all rows of a slot, which must hold the same text.
   *
   * @param logitsAt  K positions among the T.
   * @returns         [K × V] row-major, the caller's own.
   */
  async prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const rows = [...this.#rowsOf(slot)]
    const feeds = {
      ...this.featuresOf(slot),
      ...this.#texts.inputs(rows[0]!, [tokens]),
      ...this.#choiceInputs(new Float32Array(this.#shape.vocabSize), 1, 1),
      logits_at: new Tensor('int64', BigInt64Array.from(logitsAt, BigInt), [logitsAt.length]),
    }
    const { logits, new_keys_values: added } = await this.#run(feeds, ['logits', 'new_keys_values'])
    for (const row of rows) this.#texts.append(row, tokens, added!.data as Float32Array, 0)
    return logits!.data as Float32Array // both outputs are float32
  }

  /** The slot's row i becomes a copy of its row `parents[i]`, which must stay itself. */
  branch(slot: number, parents: readonly number[]): void {
    const first = slot * this.rowsPerWindow
    for (const [row, parent] of parents.entries()) {
      if (parent !== row) this.#texts.copy(first + parent, first + row)
    }
  }

  /**
   * Appends one token to each row of some slots. Slots between them that take no part cost as much as if they did.
   *
   * @param nBest        N, how many of the likeliest tokens are given for each row.
   * @param needsLogits  whether all logits are given too.
   */
  async step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<LaneStepOutput> {
    const nSlots = 1 + Math.max(...steps.map(({ slot }) => slot))
    const nRows = nSlots * this.rowsPerWindow
    const tokens: number[][] = Array.from({ length: nRows }, () => [0])
    for (const step of steps) {
      for (const [i, token] of step.tokens.entries()) tokens[step.slot * this.rowsPerWindow + i]![0] = token
    }
    const feeds = {
      ...(this.#given ?? this.#featuresOf(0, nSlots)),
      ...this.#texts.inputs(0, tokens),
      ...this.#choiceInputs(...this.#biases(steps, nRows), nBest),
      logits_at: new Tensor('int64', BigInt64Array.of(0n), [1]),
    }
    const fetches = ['best_tokens', 'best_logprobs', 'new_keys_values', ...(needsLogits ? ['logits'] : [])]
    const outputs = await this.#run(feeds, fetches)
    const added = outputs.new_keys_values!.data as Float32Array // the graph's outputs have the types named here
    for (const { slot } of steps) {
      for (const row of this.#rowsOf(slot)) this.#texts.append(row, tokens[row]!, added, row)
    }
    return {
      bestTokens: outputs.best_tokens!.data as BigInt64Array,
      bestLogprobs: outputs.best_logprobs!.data as Float32Array,
      logits: outputs.logits?.data as Float32Array | undefined,
    }
  }

  /** Slot `to`, whatever it holds, takes over features and text of slot `from`. */
  move(from: number, to: number): void {
    const size = this.audioContext * this.#shape.dModel // buffers of the pool may be longer than they need to be
    for (const buffer of this.#cross?.values() ?? []) {
      buffer.copyWithin(to * size, from * size, (from + 1) * size)
    }
    for (let i = 0; i < this.rowsPerWindow; i++) {
      const [source, target] = [from * this.rowsPerWindow + i, to * this.rowsPerWindow + i]
      this.#texts.clear(target)
      this.#texts.copy(source, target)
      this.#texts.clear(source)
    }
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#cross?.values() ?? []) this.#pool.release(buffer)
    this.#texts[Symbol.dispose]()
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

  /** One bias for all rows where the windows agree, as they nearly always do; else each row's own. */
  #biases(steps: readonly SlotStep[], nRows: number): [bias: Float32Array, nBiases: number] {
    const [first] = steps
    if (steps.every(({ tokenBias }) => tokenBias === first!.tokenBias)) return [first!.tokenBias, 1]
    const { vocabSize } = this.#shape
    const biases = new Float32Array(nRows * vocabSize)
    for (const { slot, tokenBias } of steps) {
      for (const row of this.#rowsOf(slot)) biases.set(tokenBias, row * vocabSize)
    }
    return [biases, nRows]
  }

  #choiceInputs(bias: Float32Array, nBiases: number, nBest: number): Record<string, Tensor> {
    return {
      ...this.#noHeads,
      token_bias: new Tensor('float32', bias, [nBiases, 1, this.#shape.vocabSize]),
      n_best: new Tensor('int64', BigInt64Array.of(BigInt(nBest)), [1]),
    }
  }
}
