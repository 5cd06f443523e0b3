/**
 * Attention of matrix products and a softmax, for devices whose runtime has it as one operator too, but gets that wrong:
 * on WebGPU `MultiHeadAttention` for 32 queries and more was off by up to a third where a subgroup has four lanes.
 */

import type { GraphBuilder, Value } from './builder.ts'
import { type Build, real } from './layers.ts'

/** The same numbers in two arrangements: what products with queries need, and what products with weights need. */
export interface HeadsOf {
  /** [B × H × D/H × S] */
  readonly keysTurned: Value
  /** [B × H × S × D/H] */
  readonly values: Value
}

/**
 * @param queries  [B × T × D]
 * @param mask     [B × 1 × T × S], added to the products before softmax.
 * @returns        [B × T × D]
 */
export function plainAttention(
  build: Build,
  nHeads: number,
  dModel: number,
  queries: Value,
  { keysTurned, values }: HeadsOf,
  mask?: Value,
): Value {
  const { g } = build
  const scaled = g.op('Mul', [splitHeads(g, queries, nHeads), real(build, 1 / Math.sqrt(dModel / nHeads))])
  const products = g.op('MatMul', [scaled, keysTurned]) // [B × H × T × S]
  const weights = g.op('Softmax', [mask === undefined ? products : g.op('Add', [products, mask])], { axis: -1 })
  const attended = g.op('Transpose', [g.op('MatMul', [weights, values])], { perm: [0, 2, 1, 3] })
  return g.op('Reshape', [attended, g.ints([0, 0, dModel])])
}

/** [B × S × D] → [B × H × S × D/H] */
export function splitHeads(g: GraphBuilder, x: Value, nHeads: number): Value {
  return g.op('Transpose', [g.op('Reshape', [x, g.ints([0, 0, nHeads, -1])])], { perm: [0, 2, 1, 3] })
}

/** [B × S × D] → [B × H × D/H × S] */
export function splitHeadsTurned(g: GraphBuilder, x: Value, nHeads: number): Value {
  return g.op('Transpose', [g.op('Reshape', [x, g.ints([0, 0, nHeads, -1])])], { perm: [0, 2, 3, 1] })
}
