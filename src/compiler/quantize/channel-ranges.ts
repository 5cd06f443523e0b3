/**
 * How large each channel of an activation gets, worked out from the weights alone: what a layer norm gives is normal
 * with the norm's beta and gamma for mean and deviation, and a linear layer makes of independent normal inputs normal
 * outputs. Real inputs are not independent, but the balance between channels, which is all that smoothing needs, holds.
 */

/** Mean and standard deviation of every channel. */
export interface ChannelRanges {
  readonly mean: Float32Array
  readonly deviation: Float32Array
}

/** Of a normal variable next to none lies beyond. */
const DEVIATIONS = 3
/** The least that GELU gives. */
const LEAST_GELU = 0.17

export function rangesAfterNorm(gamma: Float32Array, beta: Float32Array): ChannelRanges {
  return { mean: beta, deviation: gamma.map(Math.abs) }
}

/**
 * @param matrix  [out × in] row-major.
 * @param bias    [out], or undefined for none.
 */
export function rangesAfterLinear(
  input: ChannelRanges,
  matrix: Float32Array,
  bias: Float32Array | undefined,
): ChannelRanges {
  const nInputs = input.mean.length
  const nOutputs = matrix.length / nInputs
  const mean = new Float32Array(nOutputs)
  const deviation = new Float32Array(nOutputs)
  for (let out = 0; out < nOutputs; out++) {
    let [sum, variance] = [bias?.[out] ?? 0, 0]
    for (let i = 0; i < nInputs; i++) {
      const weight = matrix[out * nInputs + i]!
      sum += weight * input.mean[i]!
      variance += (weight * input.deviation[i]!) ** 2
    }
    mean[out] = sum
    deviation[out] = Math.sqrt(variance)
  }
  return { mean, deviation }
}

/** [channels] the largest magnitude that is to be expected of each. */
export function channelSizes({ mean, deviation }: ChannelRanges): Float32Array {
  return mean.map((value, i) => Math.abs(value) + DEVIATIONS * deviation[i]!)
}

/** The same behind GELU, which lets the positive half pass. */
export function channelSizesAfterGelu({ mean, deviation }: ChannelRanges): Float32Array {
  return mean.map((value, i) => Math.max(LEAST_GELU, value + DEVIATIONS * deviation[i]!))
}
