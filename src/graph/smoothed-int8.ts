/**
 * Linear layers behind a layer norm in 8 bits, inputs and weights. An input's few large channels would cost all others
 * their precision, so each channel is divided by a scale that the weights are multiplied by: the norm's gamma and beta
 * take the division, so that it costs nothing, and they also tell the channels' sizes, so that no data is needed.
 *
 * @see Xiao et al., "SmoothQuant" (2022): the same idea, with sizes measured on data.
 */

/** Of a normal variable next to none lies beyond. */
const DEVIATIONS = 3
const LARGEST_CODE = 127
const LEAST = 1e-5

/**
 * How much each channel is divided by: the geometric mean's balance between the size of its inputs and of its weights.
 *
 * @param gamma     [in], the norm's weight.
 * @param beta      [in], its bias.
 * @param matrices  each [out × in] row-major, all of the layers that the norm feeds.
 * @returns         [in]
 */
export function smoothingScales(
  gamma: Float32Array,
  beta: Float32Array,
  matrices: readonly Float32Array[],
): Float32Array {
  const nInputs = gamma.length
  const largest = new Float32Array(nInputs)
  for (const matrix of matrices) {
    for (let i = 0; i < matrix.length; i++) {
      const column = i % nInputs
      largest[column] = Math.max(largest[column]!, Math.abs(matrix[i]!))
    }
  }
  return largest.map((weight, column) => {
    const input = Math.abs(beta[column]!) + DEVIATIONS * Math.abs(gamma[column]!)
    return Math.sqrt(Math.max(input, LEAST) / Math.max(weight, LEAST))
  })
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
    let largest = 0
    for (let i = 0; i < nInputs; i++) {
      largest = Math.max(largest, Math.abs(matrix[out * nInputs + i]! * inputScales[i]!))
    }
    const scale = largest / LARGEST_CODE || 1
    scales[out] = scale
    for (let i = 0; i < nInputs; i++) {
      codes[i * nOutputs + out] = Math.round((matrix[out * nInputs + i]! * inputScales[i]!) / scale)
    }
  }
  return { codes, scales }
}
