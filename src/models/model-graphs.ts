/** A compiled model's graphs, opened where they are to run, as batching wants to have them. */

import type { BatchModel, Lane } from '../batching/index.ts'
import type { ModelShape } from '../checkpoint/index.ts'
import type { CompilerInput } from '../graph/index.ts'
import { FULL_CONTEXT } from '../whisper-constants.ts'

export interface ModelGraphs<L extends Lane = Lane> extends AsyncDisposable {
  readonly batchModel: BatchModel<L>
  /** How many windows share a lane. */
  mostWindows(rowsPerWindow: number): number
  /** What the graphs answer to a fixed input; undefined where that is not the same to the last bit at every load. */
  readonly fingerprint: (() => Promise<string>) | undefined
}

/** What of a checkpoint must be known to open its graphs. */
export type GraphsCheckpoint = Pick<CompilerInput, 'config' | 'generation'>

/** How many windows, and how many rows of theirs, share a step at most; and the memory for their features. */
export interface LaneLimits {
  readonly mostRows: number
  readonly mostWindows: number
  readonly featureBytes: number
}

/** Positions whose features `limits` has room for; never less than two full windows. */
export function mostPositions(config: ModelShape, { featureBytes }: LaneLimits): number {
  const bytesPerPosition = 2 * config.decoderLayers * config.dModel * Float32Array.BYTES_PER_ELEMENT
  return Math.max(2 * FULL_CONTEXT, Math.floor(featureBytes / bytesPerPosition))
}

export function windowsWith(rowsPerWindow: number, { mostRows, mostWindows }: LaneLimits): number {
  return Math.min(mostWindows, Math.max(1, Math.floor(mostRows / rowsPerWindow)))
}
