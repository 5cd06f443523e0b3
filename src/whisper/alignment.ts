/**
 * When each token was said: where the alignment heads look, made monotonic by dynamic time warping.
 *
 * @see openai/whisper:whisper/timing.py `find_alignment`, `dtw`, `median_filter`
 */

import { SECONDS_PER_POSITION } from '../whisper-constants.ts'

const MEDIAN_WIDTH = 7
/** Heads that align a window where the checkpoint names none: docs/decisions/0021-alignment-heads-by-their-walk.md. */
const STEADIEST_HEADS = 6

/** Scaled products of queries and keys, before softmax, of one window's tokens: [A × T × S]. */
export interface AlignmentScores {
  readonly data: Float32Array
  readonly nHeads: number
  readonly nTokens: number
  readonly audioContext: number
}

/**
 * Times at which the tokens begin.
 *
 * @param firstRow      row of the token whose output is the first text token: the last one of the prompt.
 * @param nTextTokens   text tokens that follow the prompt; eot must stand behind them.
 * @param nPositions    encoder positions that hold the recording, the padding not included.
 * @param areCandidates the heads are no more than candidates, of which those that walk most steadily through this window are
 *                      taken; else all of them are known to align.
 * @returns             `nTextTokens + 1` seconds from the window's start; the last is the end of the last token.
 */
export function tokenTimes(
  scores: AlignmentScores,
  firstRow: number,
  nTextTokens: number,
  nPositions: number,
  areCandidates = false,
): Float64Array {
  const nRows = nTextTokens + 1
  const rows: Rows = { firstRow, nRows, columns: Math.min(nPositions, scores.audioContext) }
  const heads = areCandidates ? steadiestHeads(scores, rows) : Array.from({ length: scores.nHeads }, (_, head) => head)
  const cost = alignmentCost(scores, heads, rows)
  const columns = cost.length / nRows
  const firstColumns = warp(cost, nRows, columns)
  return Float64Array.from(firstColumns, (column) => column * SECONDS_PER_POSITION)
}

/** The rows of the scores that belong to the text and eot, and the positions that hold the recording. */
interface Rows {
  readonly firstRow: number
  readonly nRows: number
  readonly columns: number
}

/**
 * The heads whose attention moves through the recording as the text does, and is sharp: by the correlation of where a token's
 * attention lies with the token's place in the text, less how wide it lies, twice its deviation as a share of the recording.
 */
function steadiestHeads({ data, nHeads, nTokens, audioContext }: AlignmentScores, rows: Rows): number[] {
  const { firstRow, nRows, columns } = rows
  const centres = new Float64Array(nRows)
  const steadiness = Array.from({ length: nHeads }, (_, head) => {
    let deviation = 0
    for (let row = 0; row < nRows; row++) {
      const from = (head * nTokens + firstRow + row) * audioContext
      const attention = attentionIn(data, from, from + columns)
      centres[row] = attention.centre
      deviation += attention.deviation / nRows
    }
    return { head, value: correlationWithPlace(centres) - (2 * deviation) / columns }
  })
  steadiness.sort((a, b) => b.value - a.value || a.head - b.head)
  return steadiness.slice(0, STEADIEST_HEADS).map(({ head }) => head)
}

/** Mean position by the softmax of `scores`, from 0 at `from` on, and the deviation around it. */
function attentionIn(scores: Float32Array, from: number, to: number): { centre: number; deviation: number } {
  let max = Number.NEGATIVE_INFINITY
  for (let i = from; i < to; i++) max = Math.max(max, scores[i]!)
  let [sum, moment, second] = [0, 0, 0]
  for (let i = from; i < to; i++) {
    const weight = Math.exp(scores[i]! - max)
    sum += weight
    moment += weight * (i - from)
    second += weight * (i - from) ** 2
  }
  const centre = moment / sum
  return { centre, deviation: Math.sqrt(Math.max(0, second / sum - centre ** 2)) }
}

/** Pearson's, of values with their indices; 0 where all values are one. */
function correlationWithPlace(values: Float64Array): number {
  const n = values.length
  const meanPlace = (n - 1) / 2
  let mean = 0
  for (let i = 0; i < n; i++) mean += values[i]! / n
  let [together, ofValues, ofPlaces] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    together += (values[i]! - mean) * (i - meanPlace)
    ofValues += (values[i]! - mean) ** 2
    ofPlaces += (i - meanPlace) ** 2
  }
  return ofValues > 0 && ofPlaces > 0 ? together / Math.sqrt(ofValues * ofPlaces) : 0
}

/**
 * Minus the mean over `heads` of their normalised attention, [rows × columns]. Softmax runs over the recording's
 * positions alone, the normalisation over all tokens, prompt and eot too.
 */
function alignmentCost(
  { data, nTokens, audioContext }: AlignmentScores,
  heads: readonly number[],
  { firstRow, nRows, columns }: Rows,
): Float32Array {
  const cost = new Float32Array(nRows * columns)
  const weights = new Float32Array(nTokens * columns)
  for (const head of heads) {
    for (let t = 0; t < nTokens; t++) {
      const from = (head * nTokens + t) * audioContext
      softmaxInto(weights.subarray(t * columns, (t + 1) * columns), data.subarray(from, from + columns))
    }
    normaliseColumns(weights, nTokens, columns)
    for (let row = 0; row < nRows; row++) {
      const from = (firstRow + row) * columns
      subtractMedians(
        cost.subarray(row * columns, (row + 1) * columns),
        weights.subarray(from, from + columns),
        heads.length,
      )
    }
  }
  return cost
}

function softmaxInto(out: Float32Array, scores: Float32Array): void {
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) max = Math.max(max, scores[i]!)
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += out[i] = Math.exp(scores[i]! - max)
  for (let i = 0; i < out.length; i++) out[i]! /= sum
}

/** Each column to mean 0 and deviation 1. */
function normaliseColumns(values: Float32Array, rows: number, columns: number): void {
  // Row by row, as the values lie in memory: several times faster than column by column.
  const [means, squares] = [new Float64Array(columns), new Float64Array(columns)]
  for (let r = 0, i = 0; r < rows; r++) for (let c = 0; c < columns; c++, i++) means[c]! += values[i]!
  for (let c = 0; c < columns; c++) means[c]! /= rows
  for (let r = 0, i = 0; r < rows; r++)
    for (let c = 0; c < columns; c++, i++) squares[c]! += (values[i]! - means[c]!) ** 2
  for (let c = 0; c < columns; c++) squares[c] = Math.sqrt(squares[c]! / rows) || 1 // deviations from here on
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) values[i] = (values[i]! - means[c]!) / squares[c]!
  }
}

/**
 * Subtracts from `out` the running median of `values` over 7 positions, mirrored at the ends, divided by `divisor`.
 *
 * Two windows side by side share six values: the median of either is its seventh value, held between the third and the
 * fourth of these. This runs for every head, token and position, a million times for a full window.
 */
export function subtractMedians(out: Float32Array, values: Float32Array, divisor: number): void {
  const half = MEDIAN_WIDTH >> 1
  const n = values.length
  if (n <= half) {
    for (let i = 0; i < n; i++) out[i]! -= values[i]! / divisor
    return
  }
  const padded = mirrored(values, half)
  for (let i = 0; i < n; i += 2) {
    // Of three and three in order (a ≤ b ≤ c, d ≤ e ≤ f), the third and the fourth of six.
    const x = Math.min(padded[i + 1]!, padded[i + 2]!)
    const y = Math.max(padded[i + 1]!, padded[i + 2]!)
    const z = Math.min(y, padded[i + 3]!)
    const [a, b, c] = [Math.min(x, z), Math.max(x, z), Math.max(y, padded[i + 3]!)]
    const u = Math.min(padded[i + 4]!, padded[i + 5]!)
    const v = Math.max(padded[i + 4]!, padded[i + 5]!)
    const w = Math.min(v, padded[i + 6]!)
    const [d, e, f] = [Math.min(u, w), Math.max(u, w), Math.max(v, padded[i + 6]!)]
    const third = Math.min(Math.min(c, f), Math.min(Math.max(b, d), Math.max(a, e)))
    const fourth = Math.max(Math.max(a, d), Math.max(Math.min(b, f), Math.min(c, e)))
    out[i]! -= Math.max(third, Math.min(padded[i]!, fourth)) / divisor
    if (i + 1 < n) out[i + 1]! -= Math.max(third, Math.min(padded[i + MEDIAN_WIDTH]!, fourth)) / divisor
  }
}

/** `values` with `half` more at either end, and one besides that nobody looks at where their number is odd. */
function mirrored(values: Float32Array, half: number): Float32Array {
  const n = values.length
  const padded = new Float32Array(n + 2 * half + 1)
  padded.set(values, half)
  for (let i = 1; i <= half; i++) {
    padded[half - i] = values[i]!
    padded[half + n - 1 + i] = values[n - 1 - i]!
  }
  return padded
}

/**
 * The cheapest path from the first row and column to the last that goes down, right, or both at every step.
 *
 * @returns for each row, the first column that the path has in it.
 */
export function warp(cost: Float32Array, rows: number, columns: number): Int32Array {
  const DIAGONAL = 0
  const DOWN = 1
  const RIGHT = 2
  const width = columns + 1
  const total = new Float64Array((rows + 1) * width).fill(Number.POSITIVE_INFINITY)
  const trace = new Uint8Array((rows + 1) * width)
  total[0] = 0
  for (let r = 1; r <= rows; r++) {
    for (let c = 1; c <= columns; c++) {
      const diagonal = total[(r - 1) * width + c - 1]!
      const down = total[(r - 1) * width + c]!
      const right = total[r * width + c - 1]!
      const isDiagonal = diagonal < down && diagonal < right
      const isDown = !isDiagonal && down < diagonal && down < right
      total[r * width + c] = cost[(r - 1) * columns + c - 1]! + (isDiagonal ? diagonal : isDown ? down : right)
      trace[r * width + c] = isDiagonal ? DIAGONAL : isDown ? DOWN : RIGHT
    }
  }
  const firstColumns = new Int32Array(rows)
  for (let r = rows, c = columns; r > 0; ) {
    firstColumns[r - 1] = Math.max(0, c - 1)
    const step = c === 0 ? DOWN : trace[r * width + c]
    if (step !== RIGHT) r--
    if (step !== DOWN) c--
  }
  return firstColumns
}
