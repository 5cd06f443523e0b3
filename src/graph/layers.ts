/** The building blocks that encoder and decoder share, each a few nodes around a checkpoint's tensors. */

import type { TensorSource } from '../checkpoint/index.ts'
import { BLOCK_SIZE, quantizeBlocks } from './block-quantization.ts'
import type { GraphBuilder, Value } from './builder.ts'
import { transpose } from './transpose.ts'

const LAYER_NORM_EPSILON = 1e-5

/** How the weights of linear layers are stored and multiplied: as they are, or in 8-bit blocks. */
export type LinearFormat = 'float32' | 'blocks8'

/** A graph being built from the tensors of one checkpoint. */
export interface Build {
  readonly g: GraphBuilder
  readonly tensors: TensorSource
  readonly linearFormat: LinearFormat
}

/** Tensor `name` as it is stored. */
export function weight({ g, tensors }: Build, name: string): Value {
  return g.weight(name, tensors.shape(name), tensors.read(name))
}

/**
 * x·Wᵀ + b for a dense layer, (x·W₁)·W₂ + b for a LiteASR pair; which of them, the checkpoint's tensors tell. Pairs
 * are always float32: they are the encoder's, where 8-bit blocks win no time.
 *
 * @param x  [… × in]
 * @returns  [… × out]
 * @see efeslab/LiteASR — `LinearLowRank`: weight1 [in × R], weight2 [R × out].
 */
export function linear(build: Build, name: string, x: Value): Value {
  const { g, tensors } = build
  const product = tensors.has(`${name}.weight1`)
    ? g.op('MatMul', [g.op('MatMul', [x, weight(build, `${name}.weight1`)]), weight(build, `${name}.weight2`)])
    : timesTransposed(build, `${name}.weight`, x)
  return tensors.has(`${name}.bias`) ? g.op('Add', [product, weight(build, `${name}.bias`)]) : product
}

/** x·Wᵀ for the [out × in] matrix `name`, in the graph's format. */
export function timesTransposed({ g, tensors, linearFormat }: Build, name: string, x: Value): Value {
  const [out, inn] = tensors.shape(name) as [number, number] // checked when the checkpoint was opened
  if (linearFormat === 'float32' || inn % BLOCK_SIZE !== 0) {
    return g.op('MatMul', [x, g.weight(name, [inn, out], transpose(tensors.read(name), out, inn))])
  }
  const { codes, scales } = quantizeBlocks(tensors.read(name))
  const nBlocks = inn / BLOCK_SIZE
  const inputs = [
    x,
    g.weight(`${name}.codes`, [out, nBlocks, BLOCK_SIZE], codes),
    g.weight(`${name}.scales`, [out * nBlocks], scales),
  ]
  // Accuracy level 4: the inputs are rounded to 8 bits too, block by block, so that the products are whole numbers.
  const attributes = { K: inn, N: out, bits: 8, block_size: BLOCK_SIZE, accuracy_level: 4 }
  return g.contrib('MatMulNBits', inputs, 1, attributes)[0]!
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
