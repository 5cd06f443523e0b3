/** Windows of one audio context that are decoded together, their keys and values on the device. */

import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { alignmentHeadInputs } from './alignment-heads.ts'
import type { LaneSize, LaneStepOutput, SlotStep } from './decoder-lane.ts'
import { DeviceFeatures, type KeptFeatures } from './device-features.ts'
import { type AppendedTokens, DeviceTexts, type DeviceTextsParts } from './device-texts.ts'
import type { AudioFeatures } from './encoder-session.ts'
import { runOnDevice } from './run-on-device.ts'

/** What the lanes of one model have in common. */
export interface DeviceLaneParts extends DeviceTextsParts {
  readonly session: InferenceSession
  /** Chooses candidates among logits, on the processor. */
  readonly candidates: InferenceSession
}

export class DeviceLane implements Disposable {
  readonly audioContext: number
  readonly rowsPerWindow: number
  readonly nWindows: number
  readonly #parts: DeviceLaneParts
  readonly #features: DeviceFeatures
  readonly #texts: DeviceTexts
  readonly #noHeads: Readonly<Record<string, Tensor>>
  /** Gives the only window's features when they are first needed. */
  #source: (() => Promise<KeptFeatures>) | undefined

  /** @param source  of the only window's features, where there is nothing to be encoded. */
  constructor(parts: DeviceLaneParts, size: LaneSize, source?: () => Promise<KeptFeatures>) {
    this.audioContext = size.audioContext
    this.rowsPerWindow = size.rowsPerWindow
    this.nWindows = size.nWindows
    this.#parts = parts
    this.#features = new DeviceFeatures(parts.arranger, size.nWindows)
    this.#texts = new DeviceTexts(parts, size.nWindows * size.rowsPerWindow)
    this.#noHeads = alignmentHeadInputs(parts.session, [])
    this.#source = source
  }

  get vocabSize(): number {
    return this.#parts.shape.vocabSize
  }

  /** @param features  of one window, the lane's own from now on. */
  putFeatures(slot: number, features: KeptFeatures): void {
    this.#features.put(slot, features)
  }

  /** Runs `work` with a slot's features. */
  async withFeatures<T>(slot: number, work: (features: AudioFeatures) => Promise<T>): Promise<T> {
    await this.#fetchFeatures()
    using lent = await this.#features.of(slot)
    return await work(lent.features)
  }

  /** A copy of a slot's features, the caller's own. */
  async copyFeatures(slot: number): Promise<KeptFeatures> {
    await this.#fetchFeatures()
    return await this.#features.copyOf(slot)
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
    const [firstRow, ...others] = this.#rowsOf(slot) as [number, ...number[]] // a window has at least one
    const logits = await this.withFeatures(slot, (features) =>
      this.#run(features, { firstRow, tokens: [tokens] }, logitsAt, [firstRow]),
    )
    for (const row of others) this.#texts.copy(firstRow, row)
    return logits.data as Float32Array // the graph's logits are float32
  }

  /** The slot's row i becomes a copy of its row `parents[i]`, which must stay itself. */
  branch(slot: number, parents: readonly number[]): void {
    const first = slot * this.rowsPerWindow
    for (const [row, parent] of parents.entries()) {
      if (parent !== row) this.#texts.copy(first + parent, first + row)
    }
  }

  /**
   * Appends one token to each row of some slots. Slots between them that take no part cost as much as if they did, and so
   * do those behind them that hold texts.
   *
   * @param nBest        N, how many of the likeliest tokens are given for each row.
   * @param needsLogits  whether all logits are given too.
   */
  async step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<LaneStepOutput> {
    const nSlots = 1 + Math.max(...steps.map(({ slot }) => slot), this.#lastWithText())
    const tokens: number[][] = Array.from({ length: nSlots * this.rowsPerWindow }, () => [0])
    for (const step of steps) {
      for (const [i, token] of step.tokens.entries()) tokens[step.slot * this.rowsPerWindow + i]![0] = token
    }
    await this.#fetchFeatures()
    const features = await this.#features.ofFirst(nSlots)
    const grown = steps.flatMap(({ slot }) => this.#rowsOf(slot))
    const logits = await this.#run(features, { firstRow: 0, tokens }, [0], grown)
    const { best_tokens, best_logprobs } = await this.#parts.candidates.run({
      logits,
      token_bias: this.#biases(steps, tokens.length),
      n_best: new Tensor('int64', BigInt64Array.of(BigInt(nBest)), [1]),
    })
    return {
      bestTokens: best_tokens!.data as BigInt64Array, // the graph's outputs have the types named here
      bestLogprobs: best_logprobs!.data as Float32Array,
      logits: needsLogits ? (logits.data as Float32Array) : undefined,
    }
  }

  /** Slot `to`, whatever it holds, takes over features and text of slot `from`. */
  move(from: number, to: number): void {
    this.#features.move(from, to)
    for (let i = 0; i < this.rowsPerWindow; i++) {
      this.#texts.copy(from * this.rowsPerWindow + i, to * this.rowsPerWindow + i)
    }
    this.clear(from)
  }

  [Symbol.dispose](): void {
    this.#features[Symbol.dispose]()
    this.#texts[Symbol.dispose]()
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
      ...this.#texts.inputs(appended),
      ...this.#noHeads,
      logits_at: new Tensor('int64', BigInt64Array.from(logitsAt, BigInt), [logitsAt.length]),
    }
    const { logits, alignment_scores: _, ...present } = await runOnDevice(this.#parts.session, feeds)
    await this.#texts.take(appended, present as Record<string, Tensor>, grown) // the decoder has no other outputs
    return logits!
  }

  #lastWithText(): number {
    for (let slot = this.nWindows - 1; slot >= 0; slot--) if (this.lengthOf(slot) > 0) return slot
    return -1
  }

  #rowsOf(slot: number): number[] {
    return Array.from({ length: this.rowsPerWindow }, (_, i) => slot * this.rowsPerWindow + i)
  }

  /** One bias for all rows where the windows agree, as they nearly always do; else each row's own. */
  #biases(steps: readonly SlotStep[], nRows: number): Tensor {
    const { vocabSize } = this.#parts.shape
    const [first] = steps
    if (steps.every(({ tokenBias }) => tokenBias === first!.tokenBias)) {
      return new Tensor('float32', first!.tokenBias, [1, 1, vocabSize])
    }
    const biases = new Float32Array(nRows * vocabSize)
    for (const { slot, tokenBias } of steps) {
      for (const row of this.#rowsOf(slot)) biases.set(tokenBias, row * vocabSize)
    }
    return new Tensor('float32', biases, [nRows, 1, vocabSize])
  }
}
