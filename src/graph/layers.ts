/** The building blocks that encoder and decoder share, each a few nodes around a checkpoint's tensors. */

import type { TensorSource } from '../checkpoint/index.ts'
import type { GraphBuilder, Value } from './builder.ts'
import { transpose } from './transpose.ts'

const LAYER_NORM_EPSILON = 1e-5

/** A graph being built from the tensors of one checkpoint. */
export interface Build {
  readonly g: GraphBuilder
  readonly tensors: TensorSource
}

/** Tensor `name` as it is stored. */
export function weight({ g, tensors }: Build, name: string): Value {
  return g.weight(name, tensors.shape(name), tensors.read(name))
}

/**
 * x·Wᵀ + b for a dense layer, (x·W₁)·W₂ + b for a LiteASR pair; which of them, the checkpoint's tensors tell.
 *
 * @param x  [… × in]
 * @returns  [… × out]
 * @see efeslab/LiteASR — `LinearLowRank`: weight1 [in × R], weight2 [R × out].
 */
export function linear(build: Build, name: string, x: Value): Value {
  const { g, tensors } = build
  const product = tensors.has(`${name}.weight1`)
    ? g.op('MatMul', [g.op('MatMul', [x, weight(build, `${name}.weight1`)]), weight(build, `${name}.weight2`)])
    : g.op('MatMul', [x, transposedWeight(build, `${name}.weight`)])
  return tensors.has(`${name}.bias`) ? g.op('Add', [product, weight(build, `${name}.bias`)]) : product
}

/** A dense layer's [out × in] matrix turned into the [in × out] that MatMul multiplies by. */
function transposedWeight({ g, tensors }: Build, name: string): Value {
  const [out, inn] = tensors.shape(name) as [number, number] // checked when the checkpoint was opened
  return g.weight(name, [inn, out], transpose(tensors.read(name), out, inn))
}

export function layerNorm(build: Build, name: string, x: Value): Value {
  const scale = weight(build, `${name}.weight`)
  const bias = weight(build, `${name}.bias`)
  return build.g.op('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: LAYER_NORM_EPSILON })
}

/** Exact (erf) GELU, as Whisper was trained with. */
export function gelu({ g }: Build, x: Value): Value {
  return g.contrib('Gelu', [x], 1)[0]!
}

/** fc2(GELU(fc1(x))) */
export function feedForward(build: Build, layer: string, x: Value): Value {
  return linear(build, `${layer}.fc2`, gelu(build, linear(build, `${layer}.fc1`, x)))
}
