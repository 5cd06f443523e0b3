/**
 * Reads CTranslate2's `model.bin`, binary version 6, little-endian.
 *
 * @see OpenNMT/CTranslate2:python/ctranslate2/specs/model_spec.py `_serialize`; src/models/model.cc `Model::load`
 */

import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { foreignFile } from './foreign-file.ts'
import { BYTES_PER_ELEMENT, byteLength, elementCount, type StoredTensor } from './stored-tensor.ts'
import type { WeightFile } from './weight-file.ts'

const BINARY_VERSION = 6
const SPEC_NAME = 'WhisperSpec'
const MAX_SPEC_REVISION = 3
/** By the id in the file. @see OpenNMT/CTranslate2:include/ctranslate2/types.h `DataType` */
const DTYPES = ['F32', 'I8', 'I16', 'I32', 'F16', 'BF16'] as const
const MAX_RANK = 8
/** large-v3 has about 900. */
const MAX_VARIABLES = 20_000
const MAX_ALIASES = 20_000
/** The longest has about 60. */
const MAX_NAME_BYTES = 1024

/**
 * Variables by name, quantised ones with their scale, aliases included; an alias is the same object as what it names.
 *
 * @throws {CheckpointUnsupportedError} for another version or another kind of model.
 * @throws {CheckpointCorruptError} when the file is truncated or contradicts itself.
 */
export function readCtranslate2Variables(file: WeightFile): Map<string, StoredTensor> {
  const cursor = new Cursor(file)
  checkSpec(file, cursor)

  const stored = new Map<string, StoredTensor>()
  const nVariables = cursor.count('variables', MAX_VARIABLES)
  for (let i = 0; i < nVariables; i++) {
    const name = cursor.string()
    if (stored.has(name)) throw cursor.corrupt(`it has the variable '${name}' twice`)
    stored.set(name, readVariable(cursor, name))
  }

  const variables = new Map<string, StoredTensor>()
  for (const [name, tensor] of stored) {
    if (!name.endsWith('_scale')) variables.set(name, withScale(cursor, name, tensor, stored.get(`${name}_scale`)))
  }
  const nAliases = cursor.count('aliases', MAX_ALIASES)
  for (let i = 0; i < nAliases; i++) {
    const alias = cursor.string()
    const target = variables.get(cursor.string())
    if (target && !variables.has(alias)) variables.set(alias, target) // an alias of nothing is ignored upstream, too
  }
  if (cursor.offset !== file.size) throw cursor.corrupt(`${file.size - cursor.offset} bytes at its end are unexpected`)
  return variables
}

/**
 * Reads the first bytes alone.
 *
 * @throws as `readCtranslate2Variables`.
 */
export function checkSpec(file: WeightFile, cursor = new Cursor(file)): void {
  const version = cursor.u32()
  if (version !== BINARY_VERSION)
    throw foreignFile(file) ?? unsupported(`its model.bin has the version ${version}, not ${BINARY_VERSION}`)
  const spec = cursor.string()
  if (spec !== SPEC_NAME) throw unsupported(`its model.bin holds a ${JSON.stringify(spec)}, not a ${SPEC_NAME}`)
  const revision = cursor.u32()
  if (revision > MAX_SPEC_REVISION) throw unsupported(`its model.bin has the revision ${revision} of ${SPEC_NAME}`)
}

function readVariable(cursor: Cursor, name: string): StoredTensor {
  const rank = cursor.u8()
  if (rank > MAX_RANK) throw cursor.corrupt(`variable '${name}' has ${rank} dimensions`)
  const shape = Array.from({ length: rank }, () => cursor.u32())
  const typeId = cursor.u8()
  const dtype = DTYPES[typeId]
  if (!dtype) throw cursor.corrupt(`variable '${name}' has the unknown type ${typeId}`)
  const nBytes = cursor.u32()
  const expected = elementCount(shape) * BYTES_PER_ELEMENT[dtype]!
  if (!Number.isSafeInteger(expected) || expected !== nBytes) {
    throw cursor.corrupt(`variable '${name}' of shape [${shape}] has ${nBytes} bytes`)
  }
  const tensor = { file: cursor.file, dtype, shape, offset: cursor.offset }
  cursor.skip(nBytes)
  return tensor
}

/** Checks what dividing by the scale relies on; only matrices are ever quantised. */
function withScale(cursor: Cursor, name: string, tensor: StoredTensor, scale: StoredTensor | undefined): StoredTensor {
  const isQuantized = (tensor.dtype === 'I8' || tensor.dtype === 'I16') && tensor.shape.length > 0
  if (!isQuantized) return tensor
  const rows = elementCount(tensor.shape.slice(0, -1))
  const expected = tensor.dtype === 'I8' ? rows : 1
  if (!scale) throw cursor.corrupt(`variable '${name}' is quantised, but its scale is missing`)
  if (scale.dtype !== 'F32' || elementCount(scale.shape) !== expected) {
    throw cursor.corrupt(`the scale of variable '${name}' has the shape [${scale.shape}]`)
  }
  return { ...tensor, scale: { ...scale, shape: tensor.dtype === 'I8' ? [rows] : [] } }
}

/**
 * The value of a variable that is a single whole number.
 *
 * @returns undefined when there is no such variable.
 */
export function readScalar(variables: ReadonlyMap<string, StoredTensor>, name: string): number | undefined {
  const variable = variables.get(name)
  if (!variable || variable.shape.length > 0 || !/^I(8|16|32)$/.test(variable.dtype)) return undefined
  const bytes = Buffer.alloc(byteLength(variable))
  variable.file.read(bytes, variable.offset)
  return bytes.readIntLE(0, bytes.length)
}

function unsupported(what: string): CheckpointUnsupportedError {
  return new CheckpointUnsupportedError(
    what,
    `Use a Whisper model converted by CTranslate2 4 or 3, or the model's repository with safetensors.`,
  )
}

/** Headers lie between the data, so they are read through a small window that skips the data. */
class Cursor {
  static readonly WINDOW_BYTES = 4096
  readonly file: WeightFile
  /** In the file, of what is read next. */
  offset = 0
  #window = Buffer.alloc(0)
  #windowStart = 0

  constructor(file: WeightFile) {
    this.file = file
  }

  u8(): number {
    return this.#take(1).readUInt8()
  }

  u32(): number {
    return this.#take(4).readUInt32LE()
  }

  count(what: string, max: number): number {
    const count = this.u32()
    if (count > max) throw this.corrupt(`it claims to have ${count} ${what}`)
    return count
  }

  /** A 16-bit length that counts the closing NUL, then the bytes. */
  string(): string {
    const length = this.#take(2).readUInt16LE()
    if (length > MAX_NAME_BYTES) throw this.corrupt(`a name in it has ${length} bytes`)
    const bytes = this.#take(length)
    if (length === 0 || bytes.indexOf(0) !== length - 1) throw this.corrupt('a name in it is not a text')
    return bytes.toString('utf8', 0, length - 1)
  }

  skip(nBytes: number): void {
    this.#check(nBytes)
    this.offset += nBytes
  }

  corrupt(reason: string): CheckpointCorruptError {
    return new CheckpointCorruptError(this.file.name, reason)
  }

  #take(nBytes: number): Buffer {
    this.#check(nBytes)
    const from = this.offset - this.#windowStart
    if (from < 0 || from + nBytes > this.#window.length) {
      const length = Math.min(Math.max(nBytes, Cursor.WINDOW_BYTES), this.file.size - this.offset)
      this.#window = Buffer.alloc(length)
      this.#windowStart = this.offset
      this.file.read(this.#window, this.offset)
    }
    const start = this.offset - this.#windowStart
    this.offset += nBytes
    return this.#window.subarray(start, start + nBytes)
  }

  #check(nBytes: number): void {
    const missing = this.offset + nBytes - this.file.size
    if (missing > 0) throw this.corrupt(`it is truncated: at least ${missing} bytes are missing`)
  }
}
