/** The building blocks that encoder and decoder share, each a few nodes around a checkpoint's tensors. */

import type { TensorSource } from '../checkpoint/index.ts'
import type { GraphBuilder, Value } from './builder.ts'
import { blockSizeFor, quantizeBlocks } from './quantize/blockwise.ts'
import { transpose } from './transpose.ts'

export const LAYER_NORM_EPSILON = 1e-5

/**
 * How the weights of linear layers are stored and multiplied: as they are, in 8-bit blocks, or in smoothed 8 bits. In
 * float16 all other weights and the values between layers are halves too.
 */
export type LinearFormat = 'float32' | 'float16' | 'blocks8' | 'smoothed8'

/** A graph being built from the tensors of one checkpoint. */
export interface Build {
  readonly g: GraphBuilder
  readonly tensors: TensorSource
  readonly linearFormat: LinearFormat
}

/** Tensor `name` in the type that the graph computes in. */
export function weight(build: Build, name: string): Value {
  const { g, tensors } = build
  return g.weight(name, tensors.shape(name), inComputeType(build, tensors.read(name)))
}

/** What a graph computes in, and keeps on a device. */
export type ComputeType = 'float32' | 'float16'

export function computeType({ linearFormat }: Build): ComputeType {
  return linearFormat === 'float16' ? 'float16' : 'float32'
}

/** A number in the type that the graph computes in. */
export function real(build: Build, value: number): Value {
  return build.g.scalar(value, computeType(build))
}

/** A float32 value from outside, in the type that the graph computes in. */
export function toCompute({ g, linearFormat }: Build, x: Value): Value {
  return linearFormat === 'float16' ? g.cast(x, 'float16') : x
}

/** What the graph has computed, in float32. */
export function fromCompute({ g, linearFormat }: Build, x: Value): Value {
  return linearFormat === 'float16' ? g.cast(x, 'float32') : x
}

function inComputeType({ linearFormat }: Build, data: Float32Array): Float32Array | Float16Array {
  return linearFormat === 'float16' ? new Float16Array(data) : data
}

/**
 * x·Wᵀ + b for a dense layer, (x·W₁)·W₂ + b for a LiteASR pair; which of them, the checkpoint's tensors tell. Pairs
 * are float32 here: they are the encoder's, where 8-bit blocks win no time.
 *
 * @param x  [… × in]
 * @returns  [… × out]
 * @see efeslab/LiteASR — `LinearLowRank`: weight1 [in × R], weight2 [R × out].
 */
export function linear(build: Build, name: string, x: Value): Value {
  const { g, tensors } = build
  if (!tensors.has(`${name}.weight1`)) return stackedLinear(build, [name], x)
  const product = g.op('MatMul', [
    g.op('MatMul', [x, weight(build, `${name}.weight1`)]),
    weight(build, `${name}.weight2`),
  ])
  return tensors.has(`${name}.bias`) ? g.op('Add', [product, weight(build, `${name}.bias`)]) : product
}

/**
 * Dense layers of one input as a single one, their outputs side by side: one pass over the input, and one node's
 * overhead for all.
 *
 * @param x  [… × in]
 * @returns  [… × sum of the outputs]
 */
export function stackedLinear(build: Build, names: readonly string[], x: Value): Value {
  const { tensors } = build
  const biases = names.some((name) => tensors.has(`${name}.bias`))
    ? concat(
        names.map((name) =>
          tensors.has(`${name}.bias`)
            ? tensors.read(`${name}.bias`)
            : new Float32Array(tensors.shape(`${name}.weight`)[0]!),
        ),
      )
    : undefined
  const matrix = concat(names.map((name) => tensors.read(`${name}.weight`)))
  return timesTransposed(
    build,
    names.join('+'),
    { matrix, nInputs: tensors.shape(`${names[0]}.weight`)[1]!, biases },
    x,
  )
}

export interface DenseLayer {
  /** [out × in] row-major. */
  readonly matrix: Float32Array
  readonly nInputs: number
  /** [out] */
  readonly biases?: Float32Array | undefined
}

/** x·Wᵀ + b in the graph's format; `name` is for the weights made of the layer. */
export function timesTransposed(build: Build, name: string, { matrix, nInputs, biases }: DenseLayer, x: Value): Value {
  const { g, linearFormat } = build
  const nOutputs = matrix.length / nInputs
  const bias = biases && g.weight(`${name}.bias`, [nOutputs], inComputeType(build, biases))
  const blockSize = blockSizeFor(nInputs)
  if (linearFormat !== 'blocks8' || blockSize === undefined) {
    const turned = g.weight(
      `${name}.transposed`,
      [nInputs, nOutputs],
      inComputeType(build, transpose(matrix, nOutputs, nInputs)),
    )
    const product = g.op('MatMul', [x, turned])
    return bias === undefined ? product : g.op('Add', [product, bias])
  }
  const { codes, scales } = quantizeBlocks(matrix, blockSize)
  const nBlocks = nInputs / blockSize
  const inputs = [
    x,
    g.weight(`${name}.codes`, [nOutputs, nBlocks, blockSize], codes),
    g.weight(`${name}.scales`, [nOutputs * nBlocks], scales),
    ...(bias === undefined ? [] : ['', '', bias]), // neither zero points nor an order of groups
  ]
  // Accuracy level 4: the inputs are rounded to 8 bits too, block by block, so that the products are whole numbers.
  const attributes = { K: nInputs, N: nOutputs, bits: 8, block_size: blockSize, accuracy_level: 4 }
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

function concat(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
