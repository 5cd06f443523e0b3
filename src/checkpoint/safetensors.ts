/**
 * Reads the header of a safetensors file.
 *
 * @see huggingface/safetensors:README.md "Format" — eight bytes of header length, a JSON header, the data.
 */

import { CheckpointCorruptError } from '../errors/index.ts'
import { foreignFile } from './foreign-file.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'
import { MAX_TENSORS } from './shard-index.ts'
import { BYTES_PER_ELEMENT, elementCount, type StoredTensor } from './stored-tensor.ts'
import type { WeightFile } from './weight-file.ts'

/** A header of a large Whisper has 0.2 MB. The format's own limit, 100 MB, takes seconds to parse. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024
const LENGTH_BYTES = 8
/** No tensor of ours has more than 3 dimensions; the limit only keeps products of sizes sane. */
const MAX_RANK = 8

/**
 * Every tensor of the file, after its header has been checked against the file's size.
 *
 * @throws {CheckpointCorruptError} when the file is truncated or its header contradicts it.
 */
export function readSafetensors(file: WeightFile): Map<string, StoredTensor> {
  const corrupt = (reason: string, options?: ErrorOptions) => new CheckpointCorruptError(file.name, reason, options)
  if (file.size < LENGTH_BYTES) throw corrupt('it is too short to be a safetensors file')
  const lengthBytes = Buffer.alloc(LENGTH_BYTES)
  file.read(lengthBytes, 0)
  const headerLength = lengthBytes.readBigUInt64LE()
  // Compared before anything is allocated: the length may be a lie.
  if (headerLength > BigInt(Math.min(MAX_HEADER_BYTES, file.size - LENGTH_BYTES))) {
    throw foreignFile(file) ?? corrupt(`its header would take ${headerLength} bytes`)
  }
  const header = Buffer.alloc(Number(headerLength))
  file.read(header, LENGTH_BYTES)

  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header))
  } catch (cause) {
    throw corrupt('its header is not JSON', { cause })
  }
  const { __metadata__: _, ...entries } = json !== null && typeof json === 'object' ? (json as JsonObject) : {}
  const nEntries = Object.keys(entries).length
  if (nEntries > MAX_TENSORS) throw corrupt(`its header has ${nEntries} entries`)

  const dataStart = LENGTH_BYTES + header.length
  const tensors = new Map<string, StoredTensor>()
  let expectedStart = 0
  const read = Object.entries(entries).map(([name, entry]) => [name, readEntry(name, entry, corrupt)] as const)
  const inFileOrder = read.sort(([, a], [, b]) => order(a.data_offsets, b.data_offsets))
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of inFileOrder) {
    if (start !== expectedStart) throw corrupt(`tensor '${name}' overlaps another or leaves a gap`)
    const bytesPerElement = BYTES_PER_ELEMENT[dtype]
    if (bytesPerElement === undefined) throw corrupt(`tensor '${name}' has the unknown type ${dtype}`)
    const nBytes = elementCount(shape) * bytesPerElement
    if (!Number.isSafeInteger(nBytes) || nBytes !== end - start) {
      throw corrupt(`tensor '${name}' of shape [${shape}] has ${end - start} bytes`)
    }
    expectedStart = end
    tensors.set(name, { file, dtype, shape, offset: dataStart + start })
  }
  const missing = dataStart + expectedStart - file.size
  if (missing > 0) throw corrupt(`it is truncated: ${missing} bytes are missing`)
  if (missing < 0) throw corrupt(`${-missing} bytes at its end belong to no tensor`)
  return tensors
}

interface HeaderEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [start: number, end: number]
}

/** By hand: a schema takes ten times as long, and the header is a stranger's. */
function readEntry(name: string, entry: unknown, corrupt: (reason: string) => Error): HeaderEntry {
  if (!isJsonObject(entry)) throw corrupt(`${name}: it is no tensor`)
  const { dtype, shape, data_offsets } = entry
  if (typeof dtype !== 'string') throw corrupt(`${name}.dtype: it is no text`)
  if (!Array.isArray(shape) || shape.length > MAX_RANK)
    throw corrupt(`${name}.shape: it is no list of up to ${MAX_RANK}`)
  const wrong = shape.findIndex((size) => !isSize(size))
  if (wrong >= 0) throw corrupt(`${name}.shape.${wrong}: it is no size`)
  if (!Array.isArray(data_offsets) || data_offsets.length !== 2 || !data_offsets.every(isSize)) {
    throw corrupt(`${name}.data_offsets: it is no pair of positions`)
  }
  return { dtype, shape, data_offsets: data_offsets as [number, number] } // checked just above
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function order(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1]
}
