/**
 * Silero VAD 6 for many frames at once. Only its LSTM remembers, so everything before and after it is one matrix
 * product for all frames and both gains, where the file's own graph takes a run of the session for each frame.
 */

import { GraphBuilder, type Value } from '../compiler/builder.ts'
import { CONTEXT_SAMPLES, FRAME_SAMPLES } from './frames.ts'
import { type Convolution, readSileroWeights, type SileroWeights, STATE_SIZE } from './silero-weights.ts'

/** Of the Fourier transform: its hop is half its length, and four columns begin in a frame. */
const HOP_SAMPLES = 128
const N_COLUMNS = FRAME_SAMPLES / HOP_SAMPLES
/** Its first half has the real parts, its second the imaginary ones. */
const N_FREQUENCIES = 129

/**
 * Each frame is heard twice, as it is and 30 dB louder. Silero knows speech by its level too: of a quiet speaker
 * (-55 dB, though 30 dB above the noise) after a loud one it drops whole sentences, with probabilities of 0.03 where
 * the louder row says 0.8. Turning up the volume makes it invent next to nothing in noise and music;
 * docs/decisions/0008 has the measurement.
 */
const LOUDER = 31.6
const N_GAINS = 2

/**
 * ONNX bytes of the model, weights included. N is the number of frames, any from 1 on:
 *
 * - `samples` [64 + 512 · N]: the last 64 samples of the frame before (0 at the start of a recording), then the frames;
 * - `h`, `c` [1 × 2 × 128]: what the LSTM remembers, 0 at the start; `next_h`, `next_c` the same after these frames;
 * - `probabilities` [N] that each frame is speech, 0 to 1.
 */
export function sileroGraph(weights: SileroWeights = readSileroWeights()): Uint8Array {
  const g = new GraphBuilder('voice-activity')
  const samples = g.input('samples', 'float32', ['samples'])
  const state = [STATE, STATE].map((dims, i) => g.input('hc'[i]!, 'float32', dims)) as [Value, Value]

  let x = magnitudes(g, blocksAtBothGains(g, samples), weights.fourier) // [2N × 4 × 129]
  let nColumns = N_COLUMNS
  for (const [i, convolution] of weights.encoder.entries()) {
    x = reluConvolution(g, x, nColumns, convolution, `encoder.${i}`)
    nColumns = Math.ceil(nColumns / convolution.stride)
  }
  const byGain = g.op('Reshape', [x, g.ints([N_GAINS, -1, STATE_SIZE])])
  const byFrame = g.op('Transpose', [byGain], { perm: [1, 0, 2] }) // [N × 2 × 128]
  const [heard, nextH, nextC] = lstm(g, byFrame, state, weights.lstm) // [N × 1 × 2 × 128]

  g.output('probabilities', likelier(g, probabilities(g, heard, weights.output), samples), 'float32', ['N'])
  g.output('next_h', nextH, 'float32', STATE)
  g.output('next_c', nextC, 'float32', STATE)
  return g.finish()
}

const STATE = [1, N_GAINS, STATE_SIZE]

/** Samples → [2 × 4N + 1 × 128]: half columns, as they are and louder. The last is filled up with zeros. */
function blocksAtBothGains(g: GraphBuilder, samples: Value): Value {
  const whole = g.op('Pad', [samples, g.ints([0, HOP_SAMPLES - CONTEXT_SAMPLES])])
  const asItIs = g.op('Reshape', [whole, g.ints([1, -1, HOP_SAMPLES])])
  const louder = g.op('Clip', [g.op('Mul', [asItIs, g.scalar(LOUDER)]), g.scalar(-1), g.scalar(1)])
  return g.op('Concat', [asItIs, louder], { axis: 0 })
}

/**
 * Fourier transform of each frame without its phases. A column is two blocks that follow one another.
 *
 * @param blocks  [2 × 4N + 1 × 128]
 * @returns       [2N × 4 × 129]
 */
function magnitudes(g: GraphBuilder, blocks: Value, fourier: Convolution): Value {
  const [nOut, , nTaps] = fourier.shape
  const first = g.op('Slice', [blocks, g.ints([0]), g.ints([-1]), g.ints([1])])
  const second = g.op('Slice', [blocks, g.ints([1]), g.ints([2 ** 31]), g.ints([1])])
  const pairs = g.op('Concat', [first, second], { axis: 2 }) // [2 × 4N × 256]
  const columns = g.op('Reshape', [pairs, g.ints([-1, N_COLUMNS, nTaps])]) // [2N × 4 × 256]
  const [inner, last] = g.ops('Split', [columns, g.ints([N_COLUMNS - 1, 1])], 2, { axis: 1 })

  const basis = asMatrix(fourier) // [256 × 258]
  const transformed = [
    g.op('MatMul', [inner!, g.weight('fourier', [nTaps, nOut], basis)]),
    g.op('MatMul', [last!, g.weight('fourier.reflected', [nTaps, nOut], reflectedBasis(basis, nOut))]),
  ]
  const spectrum = g.op('Concat', transformed, { axis: 1 }) // [2N × 4 × 258]
  const [real, imaginary] = g.ops('Split', [spectrum, g.ints([N_FREQUENCIES, N_FREQUENCIES])], 2, { axis: 2 })
  return g.op('Sqrt', [g.op('Add', [g.op('Mul', [real!, real!]), g.op('Mul', [imaginary!, imaginary!])])])
}

/**
 * A frame's last column reaches 64 samples beyond the frame, where the model reflects what lies before its last
 * sample. That is the same as giving the reflected samples the weights of both their places; those of the frame that
 * follows, which are in the same block, get none.
 *
 * @param basis  [256 × 258]
 */
function reflectedBasis(basis: Float32Array, nOut: number): Float32Array {
  const nTaps = basis.length / nOut
  const end = nTaps - CONTEXT_SAMPLES
  const reflected = basis.slice()
  for (let i = 0; i < CONTEXT_SAMPLES; i++) {
    for (let k = 0; k < nOut; k++) {
      const beyond = (end + i) * nOut + k
      reflected[(end - 2 - i) * nOut + k]! += basis[beyond]!
      reflected[beyond] = 0
    }
  }
  return reflected
}

/**
 * A convolution with one zero on each side, as a matrix product over all frames at once: theirs are too short, four
 * columns and fewer, to keep the runtime's own convolution busy.
 *
 * @param x  [R × columns × in]
 * @returns  [R × ⌈columns / stride⌉ × out]
 */
function reluConvolution(g: GraphBuilder, x: Value, nColumns: number, convolution: Convolution, name: string): Value {
  const [nOut, nIn, nTaps] = convolution.shape
  const padded = g.op('Pad', [x, g.ints([0, 1, 0, 0, 1, 0])])
  const starts = Array.from({ length: Math.ceil(nColumns / convolution.stride) }, (_, i) => i * convolution.stride)
  const taps = starts.flatMap((start) => Array.from({ length: nTaps }, (_, tap) => start + tap))
  const gathered = g.op('Gather', [padded, g.ints(taps)], { axis: 1 })
  const rows = g.op('Reshape', [gathered, g.ints([-1, nTaps * nIn])])
  const weight = g.weight(`${name}.weight`, [nTaps * nIn, nOut], asMatrix(convolution))
  const product = g.op('Gemm', [rows, weight, bias(g, convolution, name)])
  return g.op('Reshape', [g.op('Relu', [product]), g.ints([-1, starts.length, nOut])])
}

/** [out × in × taps] → [taps · in × out]. */
function asMatrix({ weight, shape: [nOut, nIn, nTaps] }: Convolution): Float32Array {
  const matrix = new Float32Array(weight.length)
  for (let o = 0; o < nOut; o++)
    for (let i = 0; i < nIn; i++)
      for (let tap = 0; tap < nTaps; tap++) matrix[(tap * nIn + i) * nOut + o] = weight[(o * nIn + i) * nTaps + tap]!
  return matrix
}

function bias(g: GraphBuilder, convolution: Convolution, name: string): Value {
  return g.weight(`${name}.bias`, [convolution.shape[0]], convolution.bias ?? new Float32Array(convolution.shape[0]))
}

/** @returns what it says of each frame and gain, [N × 1 × 2 × 128], and the two parts of its state. */
function lstm(g: GraphBuilder, x: Value, state: [Value, Value], weights: SileroWeights['lstm']): [Value, Value, Value] {
  const nRows = 4 * STATE_SIZE
  const biases = new Float32Array(2 * nRows)
  biases.set(inOnnxOrder(weights.inputBias))
  biases.set(inOnnxOrder(weights.stateBias), nRows)
  const inputs = [
    g.weight('lstm.input', [1, nRows, STATE_SIZE], inOnnxOrder(weights.inputWeight)),
    g.weight('lstm.state', [1, nRows, STATE_SIZE], inOnnxOrder(weights.stateWeight)),
    g.weight('lstm.bias', [1, 2 * nRows], biases),
    '', // all sequences have the same length
    ...state,
  ]
  return g.ops('LSTM', [x, ...inputs], 3, { hidden_size: STATE_SIZE }) as [Value, Value, Value]
}

/** Gates from PyTorch's order, input, forget, cell, output, to ONNX's: input, output, forget, cell. */
function inOnnxOrder(gates: Float32Array): Float32Array {
  const size = gates.length / 4
  const ordered = new Float32Array(gates.length)
  for (const [to, from] of [0, 3, 1, 2].entries()) {
    ordered.set(gates.subarray(from * size, (from + 1) * size), to * size)
  }
  return ordered
}

/**
 * One number for each frame and gain. A sum of products, because a matrix product of one column is many times slower.
 *
 * @param heard  [N × 1 × 2 × 128]
 * @returns      [N × 2]
 */
function probabilities(g: GraphBuilder, heard: Value, output: Convolution): Value {
  const products = g.op('Mul', [g.op('Relu', [heard]), g.weight('output.weight', [STATE_SIZE], output.weight)])
  const sums = g.op('ReduceSum', [products, g.ints([1, 3])], { keepdims: 0 })
  return g.op('Sigmoid', [g.op('Add', [sums, bias(g, output, 'output')])])
}

/** The larger of both gains' probabilities, unless the louder one clips in this frame: then it counts no more. */
function likelier(g: GraphBuilder, byGain: Value, samples: Value): Value {
  const frames = g.op('Slice', [samples, g.ints([CONTEXT_SAMPLES]), g.ints([2 ** 31]), g.ints([0])])
  const loudness = g.op('Abs', [g.op('Reshape', [frames, g.ints([-1, FRAME_SAMPLES])])])
  const peaks = g.op('ReduceMax', [loudness], { axes: [1], keepdims: 0 }) // [N]
  const isClean = g.op('Less', [peaks, g.scalar(1 / LOUDER)])
  const [asItIs, louder] = g
    .ops('Split', [byGain, g.ints([1, 1])], 2, { axis: 1 })
    .map((column) => g.op('Reshape', [column, g.ints([-1])])) as [Value, Value]
  return g.op('Where', [isClean, g.op('Max', [asItIs, louder]), asItIs])
}
