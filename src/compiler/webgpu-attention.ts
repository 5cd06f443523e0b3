/**
 * The decoder's attention on a device that keeps keys and values from run to run. A text is a list of places, in any
 * order, among those that the last runs have filled; so a beam that branches off, a window that moves and one that has
 * ended cost no copy: the next run is told other places.
 */

import type { ModelShape } from '../checkpoint/index.ts'
import type { Value } from './builder.ts'
import { type Build, computeType } from './layers.ts'
import { plainAttention, splitHeads, splitHeadsTurned } from './plain-attention.ts'

/** Of one layer, in the type that the graph computes in. */
export interface DeviceCache {
  /** [P × D] of the tokens so far. */
  readonly pastKey: Value
  readonly pastValue: Value
  /** [W × H × D/H × S] */
  readonly crossKey: Value
  /** [W × H × S × D/H] */
  readonly crossValue: Value
}

export function deviceCacheInputs(build: Build, shape: ModelShape, layer: number): DeviceCache {
  const { g } = build
  const type = computeType(build)
  const headSize = shape.dModel / shape.decoderHeads
  return {
    pastKey: g.input(`past_key_${layer}`, type, ['P', shape.dModel]),
    pastValue: g.input(`past_value_${layer}`, type, ['P', shape.dModel]),
    crossKey: g.input(`cross_key_${layer}`, type, ['W', shape.decoderHeads, headSize, 'S']),
    crossValue: g.input(`cross_value_${layer}`, type, ['W', shape.decoderHeads, 'S', headSize]),
  }
}

/**
 * Gives `present_key_L`, `present_value_L` [B × C+T × D]: what was at the places asked for, then the new tokens'.
 *
 * @param qkv     queries, keys and values of the new tokens, [B × T × D] each.
 * @param places  [B × C], which of the P each row attends to.
 * @param mask    [B × 1 × T × C+T]
 * @returns       [B × T × D]
 */
export function deviceSelfAttention(
  build: Build,
  { decoderHeads, dModel }: ModelShape,
  layer: number,
  [queries, key, value]: readonly [Value, Value, Value],
  { pastKey, pastValue }: DeviceCache,
  places: Value,
  mask: Value,
): Value {
  const { g } = build
  const present = (part: 'key' | 'value', past: Value, added: Value): Value => {
    const whole = g.op('Concat', [g.op('Gather', [past, places]), added], { axis: 1 })
    g.output(`present_${part}_${layer}`, whole, computeType(build), ['B', 'C+T', dModel])
    return whole
  }
  const heads = {
    keysTurned: splitHeadsTurned(g, present('key', pastKey, key), decoderHeads),
    values: splitHeads(g, present('value', pastValue, value), decoderHeads),
  }
  return plainAttention(build, decoderHeads, dModel, queries, heads, mask)
}
