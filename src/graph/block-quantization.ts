/**
 * Weights in 8 bits, a scale for every 32 of them: a quarter of the bytes to read for every token, which is what a
 * decoding step's time consists of, at an error too small to change the text.
 *
 * @see microsoft/onnxruntime:docs/ContribOperators.md `MatMulNBits` — codes are unsigned, with 128 for zero.
 */

export const BLOCK_SIZE = 32

const ZERO_POINT = 128
const LARGEST_CODE = 127

export interface BlockQuantized {
  /** [rows × columns / 32 × 32] */
  readonly codes: Uint8Array
  /** [rows × columns / 32] */
  readonly scales: Float32Array
}

/**
 * Rounds each block of 32 to its own 255 levels, symmetric around zero.
 *
 * @param weights  [rows × columns] row-major, columns a multiple of 32; finite.
 */
export function quantizeBlocks(weights: Float32Array): BlockQuantized {
  const codes = new Uint8Array(weights.length)
  const scales = new Float32Array(weights.length / BLOCK_SIZE)
  for (let block = 0; block < scales.length; block++) {
    const from = block * BLOCK_SIZE
    let largest = 0
    for (let i = from; i < from + BLOCK_SIZE; i++) largest = Math.max(largest, Math.abs(weights[i]!))
    const scale = largest / LARGEST_CODE
    scales[block] = scale
    const inverse = scale > 0 ? 1 / scale : 0
    for (let i = from; i < from + BLOCK_SIZE; i++) codes[i] = Math.round(weights[i]! * inverse) + ZERO_POINT
  }
  return { codes, scales }
}
