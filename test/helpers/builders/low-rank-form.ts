/** A model of dense layers in the form in which LiteASR publishes its models. */

import { type LayerRanks, LOW_RANK_LINEARS, type ModelShape, whisperTensors } from '../../../src/checkpoint/index.ts'
import type { LazyTensor } from './checkpoint-builder.ts'

/** What is asked of the model that is rewritten; tensors by the names of `whisperTensors`. */
interface DenseTensors {
  names(): Iterable<string>
  read(name: string): Float32Array
}

/**
 * The encoder's linear layers as products of two matrices, but for one of each block, as published models keep some of theirs.
 * One of the two moves channels and changes signs and nothing else, so each product is exact, and the model says what it said.
 *
 * @returns its shape, and its tensors as float16.
 */
export function inLowRankForm(
  dense: ModelShape,
  source: DenseTensors,
): { readonly shape: ModelShape; readonly tensors: Record<string, LazyTensor> } {
  const kept = (layer: number) => LOW_RANK_LINEARS[layer % LOW_RANK_LINEARS.length]
  const lowRank = Array.from({ length: dense.encoderLayers }, (_, layer): LayerRanks => {
    const factored = LOW_RANK_LINEARS.filter((name) => name !== kept(layer))
    return Object.fromEntries(factored.map((name) => [name, dense.dModel]))
  })
  const shape = { ...dense, lowRank }
  const names = new Set(source.names())
  const tensors: Record<string, LazyTensor> = {}
  for (const { name, shape: sizes } of whisperTensors(shape)) {
    const [, layer, part] = /^(.+)\.(weight[12])$/.exec(name) ?? []
    const data = () => {
      if (layer)
        return factorsOf(source.read(`${layer}.weight`), dense.dModel, layer.endsWith('.fc2'))[
          Number(part!.at(-1)) - 1
        ]!
      // A low-rank k_proj has the bias that a dense one lacks.
      return names.has(name) ? source.read(name) : new Float32Array(sizes[0]!)
    }
    tensors[name] = { dtype: 'F16', shape: sizes, data }
  }
  return { shape, tensors }
}

/**
 * @param weight  [out, in], of which `isFromWide` says whether in or out is the one that may be more than `width`.
 * @returns weight1 [in, width] and weight2 [width, out], whose product is the weight's transpose.
 */
function factorsOf(weight: Float32Array, width: number, isFromWide: boolean): [Float32Array, Float32Array] {
  // Channel i goes to moved(i) with the sign of i. 7 shares no factor with the widths, which are powers of two.
  const moved = (i: number) => (7 * i + 3) % width
  const sign = (i: number) => (i % 2 === 0 ? 1 : -1)
  const mover = new Float32Array(width * width)
  for (let i = 0; i < width; i++) mover[i * width + moved(i)] = sign(i)

  const wide = weight.length / width
  const rest = new Float32Array(weight.length)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < wide; j++) {
      // The mover's inverse is its transpose.
      if (isFromWide) rest[j * width + i] = sign(i) * weight[moved(i) * wide + j]!
      else rest[moved(i) * wide + j] = sign(i) * weight[j * width + i]!
    }
  }
  return isFromWide ? [rest, mover] : [mover, rest]
}
