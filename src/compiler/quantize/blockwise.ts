/**
 * Weights in 8 bits, a scale for every block of them: a quarter of the bytes to read for every token, which is what a
 * decoding step's time consists of, at an error too small to change the text.
 *
 * @see microsoft/onnxruntime:docs/ContribOperators.md `MatMulNBits` — codes are unsigned, with 128 for zero.
 */

/**
 * Weights that share a scale. Blocks of 32 are more exact, but multiplying takes 1.7 times as long as with 128, since
 * each block ends in a multiplication by its scale; the word error rate is the same (docs/decisions/0009).
 */
const BLOCK_SIZES = [128, 64, 32] as const

const ZERO_POINT = 128
const LARGEST_CODE = 127

export interface BlockQuantized {
  /** [rows × columns / size × size] */
  readonly codes: Uint8Array
  /** [rows × columns / size] */
  readonly scales: Float32Array
}

/** The size of blocks for rows of `columns` weights; undefined where none divides them. */
export function blockSizeFor(columns: number): number | undefined {
  return BLOCK_SIZES.find((size) => columns % size === 0)
}

/**
 * Rounds each block to its own 255 levels, symmetric around zero.
 *
 * @param weights    [rows × columns] row-major, columns a multiple of the block's size; finite.
 * @param blockSize  weights of a block.
 */
export function quantizeBlocks(weights: Float32Array, blockSize: number): BlockQuantized {
  const codes = new Uint8Array(weights.length)
  const scales = new Float32Array(weights.length / blockSize)
  for (let block = 0; block < scales.length; block++) {
    const from = block * blockSize
    let largest = 0
    for (let i = from; i < from + blockSize; i++) largest = Math.max(largest, Math.abs(weights[i]!))
    const scale = largest / LARGEST_CODE
    scales[block] = scale
    const inverse = scale > 0 ? 1 / scale : 0
    for (let i = from; i < from + blockSize; i++) codes[i] = Math.round(weights[i]! * inverse) + ZERO_POINT
  }
  return { codes, scales }
}
