/**
 * Reads what `torch.save` writes of a state dict: a zip archive with the pickle of a dict, and one record for the elements of
 * each tensor or of several that share them. Nothing in the pickle is run (`pickle.ts`).
 *
 * @see pytorch/pytorch:torch/serialization.py `_save` — `data.pkl`, `byteorder`, `data/0`, `data/1`, …
 */

import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { foreignFile } from './foreign-file.ts'
import { openaiForm } from './foreign-forms.ts'
import { PickleGlobal, PickleObject, type PickleReader, type PickleValue, readPickle } from './pickle.ts'
import { BYTES_PER_ELEMENT, elementCount, type StoredTensor } from './stored-tensor.ts'
import type { WeightFile } from './weight-file.ts'
import { isZip, readZipRecords, type ZipRecord } from './zip-records.ts'

const PICKLE = /^[^/]+\/data\.pkl$/
/** That of large-v3 has 0.2 MB. */
const MAX_PICKLE_BYTES = 8 * 1024 * 1024
/** No tensor of ours has more than 3 dimensions. */
const MAX_RANK = 8

/** Names of storages, each for elements of one type. @see pytorch/pytorch:torch/storage.py `_dtype_to_storage_type_map` */
const DTYPES: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** Elements of one type in a record. */
class Storage extends PickleObject {
  readonly kind = 'storage'
  readonly record: ZipRecord
  readonly dtype: string
  readonly nElements: number

  constructor(record: ZipRecord, dtype: string, nElements: number) {
    super()
    this.record = record
    this.dtype = dtype
    this.nElements = nElements
  }
}

class PickledTensor extends PickleObject {
  readonly kind = 'tensor'
  readonly stored: StoredTensor

  constructor(stored: StoredTensor) {
    super()
    this.stored = stored
  }
}

/**
 * Every tensor of the state dict, after its place has been checked against the file.
 *
 * @throws {CheckpointUnsupportedError} when the file holds more than a state dict, or is of a form that is not read.
 * @throws {CheckpointCorruptError} when it is truncated or contradicts itself.
 */
export function readPytorch(file: WeightFile): Map<string, StoredTensor> {
  const corrupt = (reason: string) => new CheckpointCorruptError(file.name, reason)
  if (!isZip(file)) throw foreignFile(file) ?? corrupt('it is no archive of PyTorch')
  const records = readZipRecords(file)
  const pickles = [...records.values()].filter(({ name }) => PICKLE.test(name))
  const [pickle] = pickles
  if (pickle === undefined || pickles.length > 1) throw corrupt(`it has ${pickles.length} files 'data.pkl'`)
  if (pickle.size > MAX_PICKLE_BYTES) throw corrupt(`its pickle would take ${pickle.size} bytes`)
  const root = pickle.name.slice(0, pickle.name.indexOf('/'))
  const order = records.get(`${root}/byteorder`)
  if (order !== undefined && textOf(file, order) !== 'little') {
    throw unsupported(`its '${file.name}' was saved on a big-endian machine`)
  }

  const reader = new StateDictReader(file, root, records)
  const bytes = Buffer.alloc(pickle.size)
  file.read(bytes, pickle.offset)
  const tensors = new Map<string, StoredTensor>()
  for (const [name, value] of stateDictIn(readPickle(bytes, reader), file)) {
    if (typeof name === 'string' && value instanceof PickledTensor) tensors.set(name, value.stored)
  }
  if (tensors.size === 0) throw unsupported(`its '${file.name}' holds no state dict`)
  return tensors
}

/** What the pickle of a state dict may name, and what that becomes. */
class StateDictReader implements PickleReader {
  readonly file: string
  readonly globals: ReadonlyMap<string, PickleGlobal>
  readonly #file: WeightFile
  readonly #root: string
  readonly #records: ReadonlyMap<string, ZipRecord>

  constructor(file: WeightFile, root: string, records: ReadonlyMap<string, ZipRecord>) {
    this.file = file.name
    this.#file = file
    this.#root = root
    this.#records = records
    const tensor = (args: readonly PickleValue[]) => this.#tensor(args)
    const parameter = ([data]: readonly PickleValue[]) => data ?? null
    const globals = [
      new PickleGlobal('collections.OrderedDict', (args) => {
        if (args.length > 0) throw this.#corrupt('a dict in its pickle is made of something')
        return new Map()
      }),
      new PickleGlobal('torch._utils._rebuild_tensor_v2', tensor),
      new PickleGlobal('torch._utils._rebuild_parameter', parameter),
      new PickleGlobal('torch._utils._rebuild_parameter_with_state', parameter),
      ...Object.keys(DTYPES).map((name) => new PickleGlobal(`torch.${name}`)),
    ]
    this.globals = new Map(globals.map((global) => [global.name, global]))
  }

  /** ('storage', type, name of the record, device, number of elements) */
  persistent(id: PickleValue): Storage {
    const [kind, type, key, , nElements] = Array.isArray(id) ? id : []
    const dtype = type instanceof PickleGlobal ? DTYPES[type.name.replace('torch.', '')] : undefined
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || !isSize(nElements)) {
      throw this.#corrupt('its pickle refers to something that is no storage')
    }
    const record = this.#records.get(`${this.#root}/data/${key}`)
    if (!record) throw this.#corrupt(`the elements '${key}' are missing`)
    if (nElements * BYTES_PER_ELEMENT[dtype]! > record.size) {
      throw this.#corrupt(`the elements '${key}' have ${record.size} bytes, not ${nElements} of ${dtype}`)
    }
    return new Storage(record, dtype, nElements)
  }

  /** (storage, its element that is the first, sizes, strides, whether it is trained, hooks) */
  #tensor([storage, first, shape, strides]: readonly PickleValue[]): PickledTensor {
    const isWhole =
      storage instanceof Storage &&
      isSize(first) &&
      areSizes(shape) &&
      areSizes(strides) &&
      shape.length === strides.length
    if (!isWhole) throw this.#corrupt('a tensor in its pickle has no shape')
    const count = elementCount(shape)
    const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, first)
    if (count > 0 && last >= storage.nElements) {
      throw this.#corrupt(`a tensor of shape [${shape}] has more elements than are stored`)
    }
    // With a stride of 0 a few bytes would become as many as the sizes say.
    if (count > storage.nElements)
      throw unsupported(`a tensor of shape [${shape}] in '${this.file}' repeats its elements`)
    const { record, dtype } = storage
    const offset = record.offset + first * BYTES_PER_ELEMENT[dtype]!
    const stored = { file: this.#file, dtype, shape, offset }
    return new PickledTensor(isRowMajor(shape, strides) ? stored : { ...stored, strides })
  }

  #corrupt(reason: string): CheckpointCorruptError {
    return new CheckpointCorruptError(this.file, reason)
  }
}

/** The dict of tensors, which a training program may have put into another under its usual name. */
function stateDictIn(value: PickleValue, file: WeightFile): ReadonlyMap<string | number, PickleValue> {
  if (!(value instanceof Map)) throw unsupported(`its '${file.name}' holds no state dict`)
  const dims = value.get('dims')
  if (dims instanceof Map) throw openaiForm(Object.fromEntries(dims))
  if ([...value.values()].some((each) => each instanceof PickledTensor)) return value
  const inner = value.get('state_dict') ?? value.get('model_state_dict')
  return inner instanceof Map ? inner : value
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return elementCount(shape) === 0
    expected *= shape[axis]!
  }
  return true
}

function areSizes(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isSize)
}

function isSize(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function textOf(file: WeightFile, { offset, size }: ZipRecord): string {
  const bytes = Buffer.alloc(Math.min(size, 16))
  file.read(bytes, offset)
  return bytes.toString('utf8')
}

function unsupported(what: string): CheckpointUnsupportedError {
  return new CheckpointUnsupportedError(
    what,
    'Save its state dict again, by torch.save(model.state_dict(), …) of a current PyTorch or better as safetensors.',
  )
}
