/**
 * The encoder's linear layers in smoothed 8 bits (`smoothed-int8.ts`): where each layer's inputs come from decides what
 * takes the division by the smoothing scales. Behind a norm its gamma and beta do, behind another linear layer that
 * layer's outputs, and behind GELU, which nothing can pass through, one multiplication.
 */

import type { Value } from '../builder.ts'
import { type Build, gelu, LAYER_NORM_EPSILON } from '../layers.ts'
import { transpose } from '../transpose.ts'
import {
  type ChannelRanges,
  channelSizes,
  channelSizesAfterGelu,
  rangesAfterLinear,
  rangesAfterNorm,
} from './channel-ranges.ts'
import { quantizeOutputs, smoothingScales } from './smoothquant.ts'

/** A linear layer as matrices [out × in] to be applied one after the other: one if it is dense, two for a pair. */
interface Factors {
  readonly name: string
  readonly matrices: readonly [Float32Array] | readonly [Float32Array, Float32Array]
  readonly bias: Float32Array | undefined
}

/** Inputs of a linear layer: divided by `scales` already, with the ranges that they would have without. */
interface ScaledInput {
  readonly value: Value
  readonly ranges: ChannelRanges
  readonly scales: Float32Array
}

/**
 * A layer norm and the linear layers that it feeds.
 *
 * @returns one output for each of `names`.
 */
export function smoothedNormedLinears(build: Build, norm: string, names: readonly string[], x: Value): Value[] {
  const layers = names.map((name) => factorsOf(build, name))
  const input = smoothedNorm(build, norm, layers, x)
  return layers.map((layer) => apply(build, layer, input))
}

/** Self-attention behind its norm, [B × S × D] → [B × S × D]; the residual is the caller's. */
export function smoothedSelfAttention(build: Build, layer: string, nHeads: number, x: Value): Value {
  const attention = `${layer}.self_attn`
  const parts = (['q', 'k', 'v'] as const).map((part) => factorsOf(build, `${attention}.${part}_proj`))
  const input = smoothedNorm(build, `${layer}.self_attn_layer_norm`, parts, x)
  const [queries, keys, values] = parts as [Factors, Factors, Factors] // made of three just above

  // What is attended to is a mean of values, so that their ranges are an upper bound of its own.
  const out = factorsOf(build, `${attention}.out_proj`)
  const ranges = rangesOf(values, input.ranges)
  const scales = smoothingScales(channelSizes(ranges), [out.matrices[0]])
  const inputs = [apply(build, queries, input), apply(build, keys, input), apply(build, values, input, scales)]
  const value = build.g.contrib('MultiHeadAttention', inputs, 1, { num_heads: nHeads })[0]!
  return apply(build, out, { value, ranges, scales })
}

/** Least that a position is divided by: below it there is nothing that could be rounded away. */
const LEAST_PEAK = 0.01

/**
 * fc2(GELU(fc1(norm(x)))). A few positions have activations twenty times as large as all others, which no weight tells:
 * so that these do not cost the others their precision, each position is divided by its own largest before fc2.
 */
export function smoothedFeedForward(build: Build, layer: string, x: Value): Value {
  const { g, tensors } = build
  const [first, second] = [factorsOf(build, `${layer}.fc1`), factorsOf(build, `${layer}.fc2`)]
  const input = smoothedNorm(build, `${layer}.final_layer_norm`, [first], x)
  const ranges = rangesOf(first, input.ranges)
  const scales = smoothingScales(channelSizesAfterGelu(ranges), [second.matrices[0]])
  const factors = g.weight(
    `${second.name}.smoothing`,
    [scales.length],
    scales.map((scale) => 1 / scale),
  )
  const smoothed = g.op('Mul', [gelu(build, apply(build, first, input)), factors]) // [B × S × F]

  const largest = g.op('ReduceMax', [smoothed], { axes: [-1], keepdims: 1 }) // [B × S × 1]
  const peaks = g.op('Max', [largest, g.scalar(LEAST_PEAK)])
  const value = g.op('Div', [smoothed, peaks])
  const product = g.op('Mul', [apply(build, { ...second, bias: undefined }, { value, ranges, scales }), peaks])
  return g.op('Add', [product, g.weight(`${second.name}.bias`, tensors.shape(`${second.name}.bias`), second.bias!)])
}

function factorsOf({ tensors }: Build, name: string): Factors {
  const bias = tensors.has(`${name}.bias`) ? tensors.read(`${name}.bias`) : undefined
  if (!tensors.has(`${name}.weight1`)) return { name, matrices: [tensors.read(`${name}.weight`)], bias }
  // Pairs are stored the other way round than dense layers.
  const turned = (part: string) => {
    const [inn, out] = tensors.shape(part) as [number, number] // checked when the checkpoint was opened
    return transpose(tensors.read(part), inn, out)
  }
  return { name, matrices: [turned(`${name}.weight1`), turned(`${name}.weight2`)], bias }
}

function smoothedNorm({ g, tensors }: Build, norm: string, layers: readonly Factors[], x: Value): ScaledInput {
  const [gamma, beta] = [tensors.read(`${norm}.weight`), tensors.read(`${norm}.bias`)]
  const ranges = rangesAfterNorm(gamma, beta)
  const scales = smoothingScales(
    channelSizes(ranges),
    layers.map((layer) => layer.matrices[0]),
  )
  const inputs = [
    x,
    g.weight(`${norm}.weight.smoothed`, [gamma.length], divided(gamma, scales)),
    g.weight(`${norm}.bias.smoothed`, [beta.length], divided(beta, scales)),
  ]
  const value = g.op('LayerNormalization', inputs, { axis: -1, epsilon: LAYER_NORM_EPSILON })
  return { value, ranges, scales }
}

/** Ranges of a layer's outputs. */
function rangesOf({ matrices, bias }: Factors, input: ChannelRanges): ChannelRanges {
  const [first, second] = matrices
  if (second === undefined) return rangesAfterLinear(input, first, bias)
  return rangesAfterLinear(rangesAfterLinear(input, first, undefined), second, bias)
}

/**
 * The layer's outputs, divided by `divisors` where they are given: the inputs of a smoothed layer behind this one.
 */
function apply(build: Build, layer: Factors, input: ScaledInput, divisors?: Float32Array): Value {
  const { name, bias } = layer
  const [first, second] = layer.matrices
  if (second === undefined) {
    const scaledBias = bias && divisors ? divided(bias, divisors) : bias
    return multiply(build, name, divisors ? rowsDivided(first, divisors) : first, input, scaledBias)
  }
  const ranges = rangesAfterLinear(input.ranges, first, undefined)
  const scales = smoothingScales(channelSizes(ranges), [second])
  const value = multiply(build, `${name}.first`, rowsDivided(first, scales), input, undefined)
  const dense: Factors = { name: `${name}.second`, matrices: [second], bias }
  return apply(build, dense, { value, ranges, scales }, divisors)
}

function multiply(
  { g }: Build,
  name: string,
  matrix: Float32Array,
  input: ScaledInput,
  bias: Float32Array | undefined,
): Value {
  const { codes, scales } = quantizeOutputs(matrix, input.scales)
  const inputs = [
    input.value,
    g.weight(`${name}.codes`, [input.scales.length, scales.length], codes),
    g.weight(`${name}.scales`, [scales.length], scales),
    ...(bias === undefined ? [] : ['', g.weight(`${name}.bias`, [scales.length], bias)]), // no zero points
  ]
  return g.contrib('DynamicQuantizeMatMul', inputs, 1)[0]!
}

function divided(values: Float32Array, by: Float32Array): Float32Array {
  return values.map((value, i) => value / by[i]!)
}

/** [out × in] with each row divided by its own number. */
function rowsDivided(matrix: Float32Array, by: Float32Array): Float32Array {
  const nInputs = matrix.length / by.length
  return matrix.map((value, i) => value / by[Math.floor(i / nInputs)]!)
}
