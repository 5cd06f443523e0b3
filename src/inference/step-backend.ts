/** A backend that decodes step by step: it has batches, in which windows of one audio context are decoded together. */

import type { ModelShape } from '../checkpoint/index.ts'

export interface StepBackend<B extends DecoderBatch = DecoderBatch> extends AsyncDisposable {
  /** Encoder positions that may be open at a time, over the windows of all batches: what memory allows. */
  readonly mostPositions: number
  /** Windows that share a batch, at most. */
  mostWindows(rowsPerWindow: number): number
  batch(audioContext: number, rowsPerWindow: number): B
  /** A batch of one window over the features that a slot of another batch holds. */
  batchOver(batch: B, slot: number, rowsPerWindow: number): B
  /** Writes the features of `samples`, at most as long as the batch's context, into a slot. */
  encode(samples: Float32Array, batch: B, slot: number): Promise<void>
  /** [A × T × S] where the alignment heads look while `tokens` are said. */
  align(batch: B, slot: number, tokens: readonly number[]): Promise<Float32Array>
}

export interface BatchSize {
  /** S: encoder positions of 20 ms. */
  readonly audioContext: number
  /** R: hypotheses of each window. */
  readonly rowsPerWindow: number
  /** Slots. */
  readonly nWindows: number
}

/** Slots for windows of one audio context, each with the same number of rows; rows × slots are the B of a step. */
export interface DecoderBatch extends BatchSize, Disposable {
  /** Tokens that each row of the slot holds. */
  lengthOf(slot: number): number
  /** Forgets the slot's text. */
  clear(slot: number): void
  /**
   * Appends the same T tokens to all rows of a slot, which must hold the same text.
   *
   * @param logitsAt  K positions among the T.
   * @returns         [K × V] row-major, the caller's own.
   */
  prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array>
  /** The slot's row i becomes a copy of its row `parents[i]`, which must stay itself. */
  branch(slot: number, parents: readonly number[]): void
  /**
   * Appends one token to each row of some slots. Slots between them that take no part cost as much as if they did.
   *
   * @param nBest        N, how many of the likeliest tokens are given for each row.
   * @param needsLogits  whether all logits are given too.
   */
  step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<StepOutput>
  /** Slot `to`, whatever it holds, takes over what slot `from` holds. */
  move(from: number, to: number): void
}

/** One window's part in a step of its batch. */
export interface SlotStep {
  readonly slot: number
  /** [R] the token that each of its rows goes on with. */
  readonly tokens: readonly number[]
  /** [V], added to the logits before candidates are chosen. */
  readonly logitBias: Float32Array
}

export interface StepOutput {
  /** [rows × N], the rows of all slots up to the last one that took part, or of more. */
  readonly bestTokens: BigInt64Array
  readonly bestLogprobs: Float32Array
  /** [rows × V], where they were asked for. */
  readonly logits: Float32Array | undefined
}

/** B × [1]: the token that each row of a step goes on with; of slots that take no part, any. */
export function tokensOfRows(steps: readonly SlotStep[], nRows: number, rowsPerWindow: number): number[][] {
  const tokens: number[][] = Array.from({ length: nRows }, () => [0])
  for (const step of steps) {
    for (const [i, token] of step.tokens.entries()) tokens[step.slot * rowsPerWindow + i]![0] = token
  }
  return tokens
}

/** [1 × V] where the windows agree, as they nearly always do; else [B × V], each row's own. */
export function biasOfRows(steps: readonly SlotStep[], nRows: number, rowsPerWindow: number): Float32Array {
  const { logitBias } = steps[0]!
  if (steps.every((step) => step.logitBias === logitBias)) return logitBias
  const vocabSize = logitBias.length
  const biases = new Float32Array(nRows * vocabSize)
  for (const step of steps) {
    for (let i = 0; i < rowsPerWindow; i++) biases.set(step.logitBias, (step.slot * rowsPerWindow + i) * vocabSize)
  }
  return biases
}

/** Windows and rows that share a step, at most, and the memory for their features. */
export interface BatchLimits {
  readonly mostRows: number
  readonly mostWindows: number
  readonly featureBytes: number
}

/** Positions whose features `limits` has room for; never less than two full windows. */
export function mostPositions(
  { decoderLayers, dModel, maxAudioContext }: ModelShape,
  { featureBytes }: BatchLimits,
): number {
  const bytesPerPosition = 2 * decoderLayers * dModel * Float32Array.BYTES_PER_ELEMENT
  return Math.max(2 * maxAudioContext, Math.floor(featureBytes / bytesPerPosition))
}

export function windowsWith(rowsPerWindow: number, { mostRows, mostWindows }: BatchLimits): number {
  return Math.min(mostWindows, Math.max(1, Math.floor(mostRows / rowsPerWindow)))
}
