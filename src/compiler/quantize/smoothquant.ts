/**
 * Linear layers in 8 bits, inputs and weights. An input's few large channels would cost all others their precision, so
 * each channel is divided by a scale that the weights are multiplied by. What stands before the layer takes the
 * division, so that it costs nothing, and the weights before it also tell the channels' sizes, so that no data is needed.
 *
 * @see Xiao et al., "SmoothQuant" (2022): the same idea, with sizes measured on data.
 */

import { transpose } from '../transpose.ts'

const LARGEST_CODE = 127
const LEAST = 1e-5

/**
 * How much each channel is divided by: the geometric mean's balance between the size of its inputs and of its weights.
 *
 * @param sizes     [in] the largest magnitude that is to be expected of each input.
 * @param matrices  each [out × in] row-major, all of the layers that share the inputs.
 * @returns         [in]
 */
export function smoothingScales(sizes: Float32Array, matrices: readonly Float32Array[]): Float32Array {
  const nInputs = sizes.length
  const largest = new Float32Array(nInputs)
  for (const matrix of matrices) {
    for (let row = 0; row < matrix.length; row += nInputs) {
      for (let i = 0; i < nInputs; i++) largest[i] = Math.max(largest[i]!, Math.abs(matrix[row + i]!))
    }
  }
  return largest.map((weight, i) => Math.sqrt(Math.max(sizes[i]!, LEAST) / Math.max(weight, LEAST)))
}

export interface Int8Matrix {
  /** [in × out] row-major, as the runtime multiplies. */
  readonly codes: Int8Array
  /** [out] */
  readonly scales: Float32Array
}

/**
 * Rounds a matrix, its columns multiplied by `inputScales`, to 255 levels for each output.
 *
 * @param matrix  [out × in] row-major.
 */
export function quantizeOutputs(matrix: Float32Array, inputScales: Float32Array): Int8Matrix {
  const nInputs = inputScales.length
  const nOutputs = matrix.length / nInputs
  const codes = new Int8Array(matrix.length)
  const scales = new Float32Array(nOutputs)
  for (let out = 0; out < nOutputs; out++) {
    const row = out * nInputs
    let largest = 0
    for (let i = 0; i < nInputs; i++) largest = Math.max(largest, Math.abs(matrix[row + i]! * inputScales[i]!))
    const scale = largest / LARGEST_CODE || 1
    scales[out] = scale
    for (let i = 0; i < nInputs; i++) codes[row + i] = Math.round((matrix[row + i]! * inputScales[i]!) / scale)
  }
  return { codes: transpose(codes, nOutputs, nInputs), scales }
}
