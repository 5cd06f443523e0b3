/** What batching asks of a model: lanes, in which windows of one audio context are decoded together. */

/** One window's part in a step of its lane. */
export interface LaneStep {
  readonly slot: number
  /** [R] the token that each of its rows goes on with. */
  readonly tokens: readonly number[]
  /** [V], added to the logits before candidates are chosen. */
  readonly tokenBias: Float32Array
}

export interface LaneStepOutput {
  /** [rows × N] of all slots up to the last one that took part. */
  readonly bestTokens: BigInt64Array
  readonly bestLogprobs: Float32Array
  /** [rows × V], where they were asked for. */
  readonly logits: Float32Array | undefined
}

/** Slots for windows of one audio context, each with the same number of rows. */
export interface Lane extends Disposable {
  readonly audioContext: number
  readonly rowsPerWindow: number
  /** Slots. */
  readonly nWindows: number
  lengthOf(slot: number): number
  clear(slot: number): void
  prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array>
  branch(slot: number, parents: readonly number[]): void
  /** Slots between those that take part cost as much as if they did. */
  step(steps: readonly LaneStep[], nBest: number, needsLogits: boolean): Promise<LaneStepOutput>
  /** Slot `to` takes over what slot `from` holds. */
  move(from: number, to: number): void
}

export interface BatchModel<L extends Lane> {
  /** Encoder positions that may be open at a time, over the windows of all lanes: what memory allows. */
  readonly mostPositions: number
  lane(audioContext: number, rowsPerWindow: number): L
  /** A lane of one window over the features that a slot of another lane holds. */
  laneOver(lane: L, slot: number, rowsPerWindow: number): L
  /** Writes the features of `samples`, at most as long as the lane's context, into a slot. */
  encode(samples: Float32Array, lane: L, slot: number): Promise<void>
  /** [A × T × S] where the alignment heads look while `tokens` are said. */
  align(lane: L, slot: number, tokens: readonly number[]): Promise<Float32Array>
}
