/**
 * Reads safetensors: one file, or several with an index.
 *
 * @see huggingface/safetensors:README.md "Format" — eight bytes of header length, a JSON header, the data.
 */

import { join } from 'node:path'
import { CheckpointCorruptError } from '../errors/index.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'
import { BYTES_PER_ELEMENT, elementCount, type StoredTensor } from './stored-tensor.ts'
import { bareName, TensorTable } from './tensor-table.ts'
import { WeightFile } from './weight-file.ts'

export const SINGLE_FILE = 'model.safetensors'
export const INDEX_FILE = 'model.safetensors.index.json'

/** A header of a large Whisper has 0.2 MB, and 2,000 tensors. The format's own limit, 100 MB, takes seconds to parse. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024
const MAX_TENSORS = 20_000
const LENGTH_BYTES = 8
/** No tensor of ours has more than 3 dimensions; the limit only keeps products of sizes sane. */
const MAX_RANK = 8

/** A plain base name: an index must not reach out of its folder. */
const SHARD_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/

/** Which tensors are wanted, by their bare names; the others are as good as absent. */
export type IsNeeded = (name: string) => boolean

/**
 * The tensors of a single file. The caller disposes of the table.
 *
 * @throws {CheckpointCorruptError} when the file is truncated or its header contradicts it.
 */
export function openSafetensors(folder: string, fileName = SINGLE_FILE, isNeeded: IsNeeded = () => true): TensorTable {
  return openFiles(folder, [fileName], (name) => isNeeded(bareName(name)))
}

/**
 * The tensors of the files that the index names. A file that holds none that are needed is not opened and may be
 * absent. The caller disposes of the table.
 *
 * @param index  contents of `model.safetensors.index.json`.
 * @throws {CheckpointFileMissingError} when a file with needed tensors is not there.
 * @throws {CheckpointCorruptError} when the index or a file is damaged, or a needed tensor is not where the index says.
 */
export function openShardedSafetensors(folder: string, index: JsonObject, isNeeded: IsNeeded): TensorTable {
  const fileOf = new Map([...shardOfTensor(index)].filter(([name]) => isNeeded(bareName(name))))
  const table = openFiles(folder, new Set(fileOf.values()), (name, file) => fileOf.get(name) === file.name)
  for (const name of fileOf.keys()) {
    if (table.has(bareName(name))) continue
    table[Symbol.dispose]()
    throw new CheckpointCorruptError(INDEX_FILE, `no file has the tensor '${name}' that it names`)
  }
  return table
}

/**
 * The file of each tensor that the index names.
 *
 * @throws {CheckpointCorruptError} when the index is not of its form or leads out of its folder.
 */
export function shardOfTensor(index: JsonObject): ReadonlyMap<string, string> {
  const corrupt = (reason: string) => new CheckpointCorruptError(INDEX_FILE, reason)
  if (!isJsonObject(index.weight_map)) throw corrupt('weight_map: it is no object')
  const shards = Object.entries(index.weight_map)
  if (shards.length > MAX_TENSORS) throw corrupt(`it names ${shards.length} tensors`)
  for (const [name, shard] of shards) {
    if (typeof shard !== 'string' || !SHARD_NAME.test(shard))
      throw corrupt(`weight_map.${name}: it is no name of a file`)
  }
  return new Map(shards as [string, string][]) // each was checked just above
}

function openFiles(
  folder: string,
  names: Iterable<string>,
  wanted: (name: string, file: WeightFile) => boolean,
): TensorTable {
  const files: WeightFile[] = []
  try {
    const tensors: [string, StoredTensor][] = []
    for (const fileName of names) {
      const file = new WeightFile(join(folder, fileName))
      files.push(file)
      for (const [name, tensor] of readHeader(file)) if (wanted(name, file)) tensors.push([name, tensor])
    }
    return new TensorTable(tensors, files)
  } catch (error) {
    for (const file of files) file[Symbol.dispose]()
    throw error
  }
}

/** Every tensor of the file, after its header has been checked against the file's size. */
function readHeader(file: WeightFile): Map<string, StoredTensor> {
  const corrupt = (reason: string, options?: ErrorOptions) => new CheckpointCorruptError(file.name, reason, options)
  if (file.size < LENGTH_BYTES) throw corrupt('it is too short to be a safetensors file')
  const lengthBytes = Buffer.alloc(LENGTH_BYTES)
  file.read(lengthBytes, 0)
  const headerLength = lengthBytes.readBigUInt64LE()
  // Compared before anything is allocated: the length may be a lie.
  if (headerLength > BigInt(Math.min(MAX_HEADER_BYTES, file.size - LENGTH_BYTES))) {
    throw corrupt(`its header would take ${headerLength} bytes`)
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
