/** A tensor as it lies in a file, and its conversion to float32. */

import { CheckpointUnsupportedError } from '../errors/index.ts'
import type { WeightFile } from './weight-file.ts'

/** Element types by safetensors' names. Those without a decoder below can be listed, but not read. */
export const BYTES_PER_ELEMENT: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
}

export interface StoredTensor {
  readonly file: WeightFile
  /** A key of `BYTES_PER_ELEMENT`. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Where the first element lies in the file. */
  readonly offset: number
  /** Elements from one place of each dimension to its next; undefined: row-major, without gaps. */
  readonly strides?: readonly number[]
  /** For I8 and I16: value = stored / scale, with one scale for each row, or a single one for all. */
  readonly scale?: StoredTensor
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1)
}

export function byteLength(tensor: StoredTensor): number {
  return elementCount(tensor.shape) * BYTES_PER_ELEMENT[tensor.dtype]!
}

/** Rows `from` to `to` (exclusive) of the first dimension; nothing is read or copied. */
export function sliceRows(tensor: StoredTensor, from: number, to: number): StoredTensor {
  const [rows = 0, ...rest] = tensor.shape
  if (from < 0 || to > rows || from > to) throw new Error(`rows ${from} to ${to} of ${rows}`)
  const bytesPerRow = elementCount(rest) * BYTES_PER_ELEMENT[tensor.dtype]!
  const slice = { ...tensor, shape: [to - from, ...rest], offset: tensor.offset + from * bytesPerRow }
  const { scale } = tensor
  return scale && scale.shape.length > 0 ? { ...slice, scale: sliceRows(scale, from, to) } : slice
}

// Small enough to stay in the CPU's cache while it is converted, large enough for few system calls.
const CHUNK_ELEMENTS = 1 << 18

/**
 * The tensor as float32, row-major, owned by the caller.
 *
 * @throws {CheckpointUnsupportedError} for an element type that holds no weights of ours.
 * @throws {CheckpointCorruptError} when the file ends too early.
 */
export function readFloat32(name: string, tensor: StoredTensor): Float32Array {
  if (tensor.strides) return inRowMajor(name, tensor, tensor.strides)
  const { file, dtype, offset } = tensor
  const count = elementCount(tensor.shape)
  const values = new Float32Array(count)
  if (dtype === 'F32') {
    file.read(new Uint8Array(values.buffer), offset)
    return values
  }
  const decode = decoders[dtype]
  if (!decode || (dtype.startsWith('I') && !tensor.scale)) {
    throw new CheckpointUnsupportedError(
      `tensor '${name}' in '${file.name}' is stored as ${dtype}`,
      'Use a revision of the model whose weights are stored as F16, BF16 or F32.',
    )
  }
  const bytesPerElement = BYTES_PER_ELEMENT[dtype]!
  const chunk = new ArrayBuffer(Math.min(count, CHUNK_ELEMENTS) * bytesPerElement)
  for (let at = 0; at < count; at += CHUNK_ELEMENTS) {
    const n = Math.min(CHUNK_ELEMENTS, count - at)
    file.read(new Uint8Array(chunk, 0, n * bytesPerElement), offset + at * bytesPerElement)
    decode(chunk, values.subarray(at, at + n))
  }
  if (tensor.scale) divideByScale(values, readFloat32(`${name} (scale)`, tensor.scale))
  return values
}

/** Reads all from the first element to the last, and picks. */
function inRowMajor(name: string, tensor: StoredTensor, strides: readonly number[]): Float32Array {
  const { strides: _, ...rest } = tensor
  const { shape } = tensor
  const span = shape.reduce((length, size, axis) => length + (size - 1) * strides[axis]!, 1)
  const stored = readFloat32(name, { ...rest, shape: [span] })
  const values = new Float32Array(elementCount(shape))
  const place = shape.map(() => 0)
  let at = 0
  for (let i = 0; i < values.length; i++) {
    values[i] = stored[at]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!
      if (++place[axis]! < shape[axis]!) break
      at -= shape[axis]! * strides[axis]!
      place[axis] = 0
    }
  }
  return values
}

/**
 * Turns the stored elements at the start of `chunk` into as many values. Files are little-endian, as is every
 * machine that the runtime supports.
 */
type Decode = (chunk: ArrayBuffer, values: Float32Array) => void

const decoders: Readonly<Record<string, Decode>> = {
  F16(chunk, values) {
    const table = halfTable()
    const halves = new Uint16Array(chunk)
    for (let i = 0; i < values.length; i++) values[i] = table[halves[i]!]!
  },
  BF16(chunk, values) {
    // A bfloat16 is the upper half of a float32.
    const halves = new Uint16Array(chunk)
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
    for (let i = 0; i < bits.length; i++) bits[i] = halves[i]! << 16
  },
  F64(chunk, values) {
    values.set(new Float64Array(chunk, 0, values.length))
  },
  I8(chunk, values) {
    values.set(new Int8Array(chunk, 0, values.length))
  },
  I16(chunk, values) {
    values.set(new Int16Array(chunk, 0, values.length))
  },
}

let halves: Float32Array | undefined

/** All 65536 half-precision values: looking one up takes half the time of Float16Array's own conversion. */
function halfTable(): Float32Array {
  halves ??= new Float32Array(new Float16Array(Uint16Array.from({ length: 65536 }, (_, bits) => bits).buffer))
  return halves
}

/** @see OpenNMT/CTranslate2:src/ops/dequantize.cc — int8 has a scale per row, int16 one for the whole tensor. */
function divideByScale(values: Float32Array, scale: Float32Array): void {
  const rowLength = values.length / scale.length
  for (let row = 0; row < scale.length; row++) {
    const divisor = scale[row]!
    for (let i = row * rowLength; i < (row + 1) * rowLength; i++) values[i]! /= divisor
  }
}
