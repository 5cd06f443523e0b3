/** The building blocks that encoder and decoder share, each a few nodes around a checkpoint's tensors. */

import type { TensorSource } from '../checkpoint/index.ts'
import { BLOCK_SIZE, quantizeBlocks } from './block-quantization.ts'
import type { GraphBuilder, Value } from './builder.ts'
import { quantizeOutputs, smoothingScales } from './smoothed-int8.ts'
import { transpose } from './transpose.ts'

const LAYER_NORM_EPSILON = 1e-5

/** How the weights of linear layers are stored and multiplied: as they are, or in 8-bit blocks. */
export type LinearFormat = 'float32' | 'blocks8' | 'smoothed8'

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
  if (linearFormat !== 'blocks8' || inn % BLOCK_SIZE !== 0) {
    const turned = g.weight(`${name}.transposed`, [inn, out], transpose(tensors.read(name), out, inn))
    return g.op('MatMul', [x, turned])
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

/**
 * A layer norm and the linear layers that it feeds. In the format `smoothed8` they are dense layers in 8 bits where the
 * checkpoint has them dense; otherwise they are what `layerNorm` and `linear` make.
 *
 * @returns one output for each of `linears`.
 */
export function normedLinears(build: Build, norm: string, linears: readonly string[], x: Value): Value[] {
  const { g, tensors, linearFormat } = build
  const isDense = linears.every((name) => tensors.has(`${name}.weight`))
  if (linearFormat !== 'smoothed8' || !isDense) {
    const normed = layerNorm(build, norm, x)
    return linears.map((name) => linear(build, name, normed))
  }
  const gamma = tensors.read(`${norm}.weight`)
  const beta = tensors.read(`${norm}.bias`)
  const matrices = linears.map((name) => tensors.read(`${name}.weight`))
  const inputScales = smoothingScales(gamma, beta, matrices)
  const divided = (values: Float32Array) => values.map((value, i) => value / inputScales[i]!)
  const smooth = [
    x,
    g.weight(`${norm}.weight.smoothed`, [gamma.length], divided(gamma)),
    g.weight(`${norm}.bias.smoothed`, [beta.length], divided(beta)),
  ]
  const normed = g.op('LayerNormalization', smooth, { axis: -1, epsilon: LAYER_NORM_EPSILON })
  return linears.map((name, i) => {
    const { codes, scales } = quantizeOutputs(matrices[i]!, inputScales)
    const nOutputs = scales.length
    const inputs = [
      normed,
      g.weight(`${name}.codes`, [gamma.length, nOutputs], codes),
      g.weight(`${name}.scales`, [nOutputs], scales),
      '',
      ...(tensors.has(`${name}.bias`) ? [weight(build, `${name}.bias`)] : []),
    ]
    return g.contrib('DynamicQuantizeMatMul', inputs, 1)[0]!
  })
}

/** Exact (erf) GELU, as Whisper was trained with. */
export function gelu({ g }: Build, x: Value): Value {
  return g.contrib('Gelu', [x], 1)[0]!
}

/** fc2(GELU(fc1(norm(x)))) */
export function feedForward(build: Build, layer: string, x: Value): Value {
  const [inner] = normedLinears(build, `${layer}.final_layer_norm`, [`${layer}.fc1`], x)
  return linear(build, `${layer}.fc2`, gelu(build, inner!))
}
