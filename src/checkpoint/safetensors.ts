/**
 * Reads safetensors: one file, or several with an index.
 *
 * @see huggingface/safetensors:README.md "Format" — eight bytes of header length, a JSON header, the data.
 */

import { join } from 'node:path'
import { z } from 'zod'
import { CheckpointCorruptError } from '../errors/index.ts'
import type { JsonObject } from './json-file.ts'
import { BYTES_PER_ELEMENT, elementCount, type StoredTensor } from './stored-tensor.ts'
import { bareName, TensorTable } from './tensor-table.ts'
import { WeightFile } from './weight-file.ts'

export const SINGLE_FILE = 'model.safetensors'
export const INDEX_FILE = 'model.safetensors.index.json'

/** The format's own limit; a header of a large Whisper has 0.2 MB. */
const MAX_HEADER_BYTES = 100_000_000
const LENGTH_BYTES = 8
/** No tensor of ours has more than 3 dimensions; the limit only keeps products of sizes sane. */
const MAX_RANK = 8

const size = z.int().nonnegative()
const headerSchema = z.record(
  z.string(),
  z.object({ dtype: z.string(), shape: z.array(size).max(MAX_RANK), data_offsets: z.tuple([size, size]) }),
)
// A plain base name: an index must not reach out of its folder.
const shardName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/)
const indexSchema = z.object({ weight_map: z.record(z.string(), shardName) })

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
  const parsed = indexSchema.safeParse(index)
  if (!parsed.success) throw new CheckpointCorruptError(INDEX_FILE, firstIssue(parsed.error))
  return new Map(Object.entries(parsed.data.weight_map))
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
  const parsed = headerSchema.safeParse(entries)
  if (!parsed.success) throw corrupt(firstIssue(parsed.error))

  const dataStart = LENGTH_BYTES + header.length
  const tensors = new Map<string, StoredTensor>()
  let expectedStart = 0
  const inFileOrder = Object.entries(parsed.data).sort(([, a], [, b]) => order(a.data_offsets, b.data_offsets))
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

function order(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1]
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue ? `${issue.path.join('.') || 'its content'}: ${issue.message}` : 'it has an unexpected form'
}
