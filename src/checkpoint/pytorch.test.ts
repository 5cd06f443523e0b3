import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type BuiltTensor, randomWhisperTensors, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import {
  call,
  global,
  Opcodes,
  ORDERED_DICT,
  type Python,
  pickled,
  tensorView,
  writePickle,
  writePytorch,
  writeShardedPytorch,
  writeZip,
} from '../../test/helpers/builders/pytorch-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { AsrError, CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { readJsonObject } from './json-file.ts'
import type { TensorTable } from './tensor-table.ts'
import { openFile, openShards } from './weight-files.ts'
import { PYTORCH } from './weight-form.ts'

const NAME = 'pytorch_model.bin'
/** Exact in all three types, so that nothing has to be compared approximately. */
const EXACT = Float32Array.of(0, 1, -1, 0.5, -2.25, 96)

function open(folder: string): TensorTable {
  return openFile(folder, NAME, PYTORCH)
}

/** The elements of EXACT in a record, and a pickle of tensors made of it. */
function withPickle(t: TestContext, value: Python | Buffer): string {
  const folder = tempFolder(t)
  const pickle = Buffer.isBuffer(value) ? value : pickled(value)
  writePickle(join(folder, NAME), pickle, { 'data/0': new Uint8Array(EXACT.buffer) })
  return folder
}

const ELEMENTS = { key: '0', storage: 'FloatStorage', nElements: 6 }

function named(kind: typeof CheckpointCorruptError | typeof CheckpointUnsupportedError, what: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof kind, `${error}`)
    assert.match(error.message, what)
    return true
  }
}

test('weights of each type are read as the same float32, in an archive of 32 bits or of 64', (t) => {
  const folder = tempFolder(t)
  const tensors: Record<string, BuiltTensor> = {
    'model.full': { dtype: 'F32', shape: [2, 3], data: EXACT },
    half: { dtype: 'F16', shape: [3, 2], data: EXACT },
    brain: { dtype: 'BF16', shape: [6], data: EXACT },
    scalar: { dtype: 'F32', shape: [], data: EXACT.subarray(1, 2) },
    none: { dtype: 'F32', shape: [0, 3], data: new Float32Array(0) },
  }
  writePytorch(join(folder, NAME), tensors)
  using table = open(folder)
  assert.deepEqual([...table.names()], ['full', 'half', 'brain', 'scalar', 'none'])
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    assert.deepEqual(table.read(name.replace('model.', '')), Float32Array.from(data))
    assert.deepEqual(table.shape(name.replace('model.', '')), shape)
  }
  const pickle = pickled({ dict: [['a', tensorView({ ...ELEMENTS, shape: [6] })]] })
  writeZip(
    join(folder, NAME),
    [
      { name: 'wide/data.pkl', bytes: () => pickle },
      { name: 'wide/data/0', bytes: () => new Uint8Array(EXACT.buffer) },
    ],
    true,
  )
  using wide = open(folder)
  assert.deepEqual(wide.read('a'), EXACT)
})

test('numbers of 64 bits are read, whole ones are not taken for weights', (t) => {
  const folder = tempFolder(t)
  const dict = [
    ['double', tensorView({ key: 'd', storage: 'DoubleStorage', nElements: 6, shape: [6] })],
    ['long', tensorView({ key: 'l', storage: 'LongStorage', nElements: 1, shape: [] })],
  ] as const
  const records = { 'data/d': new Uint8Array(Float64Array.from(EXACT).buffer), 'data/l': new Uint8Array(8) }
  writePickle(join(folder, NAME), pickled({ dict }), records)
  using table = open(folder)
  assert.deepEqual(table.read('double'), EXACT)
  assert.throws(() => table.read('long'), named(CheckpointUnsupportedError, /stored as I64/))
})

test('views, transposed and tied tensors are what PyTorch would make of the elements that they share', (t) => {
  const view = (shape: number[], strides: number[], first = 0) => tensorView({ ...ELEMENTS, shape, strides, first })
  const whole = view([2, 3], [3, 1])
  const parameter = call(global('torch._utils', '_rebuild_parameter'), whole, true, ORDERED_DICT)
  const dict = [
    ['whole', whole],
    ['tied', whole],
    ['parameter', parameter],
    ['transposed', view([3, 2], [1, 3])],
    ['column', view([2], [3], 1)],
    ['corner', view([1, 2], [3, 1], 4)],
    ['lone', view([1, 1, 6], [77, 5, 1])],
  ] as const
  using table = open(withPickle(t, { dict }))
  const [a, b, c, d, e, f] = EXACT
  assert.deepEqual([...table.read('whole')], [...EXACT])
  assert.deepEqual([...table.read('tied')], [...EXACT])
  assert.deepEqual([...table.read('parameter')], [...EXACT])
  assert.deepEqual([...table.read('transposed')], [a, d, b, e, c, f])
  assert.deepEqual([...table.read('column')], [b, e])
  assert.deepEqual([...table.read('corner')], [e, f])
  assert.deepEqual([...table.read('lone')], [...EXACT])
})

test('a state dict is found in an OrderedDict with attributes, and where training programs put it', (t) => {
  const item = ['a', tensorView({ ...ELEMENTS, shape: [6] })] as const
  const ordered = new Opcodes(
    ORDERED_DICT.bytes,
    pickled('a').subarray(2, -1),
    item[1].bytes,
    's',
    '}b', // attributes: none
  )
  const inside = (key: string): Python => ({
    dict: [
      ['epoch', 3],
      ['loss', null],
      ['done', true],
      [key, ordered],
    ],
  })
  for (const value of [ordered, inside('state_dict'), inside('model_state_dict')]) {
    using table = open(withPickle(t, value))
    assert.deepEqual(table.read('a'), EXACT)
  }
})

test('a pickle of protocol 4 says the same in its own operations', (t) => {
  const text = (value: string) => new Opcodes(Buffer.from([0x8c, value.length]), value, Buffer.from([0x94])).bytes
  const named = (module: string, name: string) => Buffer.concat([text(module), text(name), Buffer.from([0x93, 0x94])])
  const whole = pickled({ dict: [['a', tensorView({ ...ELEMENTS, shape: [6] })]] }).toString('latin1')
  const newer = `\x80\x04\x95${'\0'.repeat(8)}${whole.slice(2)}`.replaceAll(/c([\w.]+)\n(\w+)\n/g, (_, module, name) =>
    named(module, name).toString('latin1'),
  )
  using table = open(withPickle(t, Buffer.from(newer, 'latin1')))
  assert.deepEqual(table.read('a'), EXACT)
})

test('whatever else a pickle names is refused by that name, and nothing of it is run', (t) => {
  const marker = join(tempFolder(t), 'ran')
  for (const [value, name] of [
    [call(global('os', 'system'), `touch ${marker}`), /it names 'os.system'/],
    [call(global('builtins', 'eval'), '1'), /it names 'builtins.eval'/],
    [global('torch.nn.modules.linear', 'Linear'), /it names 'torch.nn.modules.linear.Linear'/],
    [global('__torch__.model', 'Whisper'), /it names '__torch__.model.Whisper'/],
    [global('collections', 'OrderedDict.__init__'), /OrderedDict.__init__/],
    [global('torch', 'constructor'), /torch.constructor/],
  ] as const) {
    assert.throws(() => open(withPickle(t, { dict: [['a', value]] })), named(CheckpointUnsupportedError, name))
  }
  assert.throws(() => readFileSync(marker), /ENOENT/)
})

test('a pickle that breaks the rules of its machine is damaged', (t) => {
  const storage = global('torch', 'FloatStorage')
  const manyDicts = Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(600_000, '}'), Buffer.from('.')])
  const damages: readonly (readonly [Python | Buffer, RegExp])[] = [
    [Buffer.alloc(0), /cut off/],
    [Buffer.from('.'), /takes what is not there/],
    [Buffer.from('(.'), /takes what is not there/],
    [Buffer.from('t.'), /takes what is not there/],
    [Buffer.from('}h\x07.'), /not remembered/],
    [Buffer.from('}X\xff\xff\xff\x7f', 'latin1'), /cut off/],
    [Buffer.from('NNNs.'), /no dict/],
    [Buffer.from('N(Ne.'), /no list/],
    [Buffer.from('}NNs.'), /no text/],
    [Buffer.from('NNb.'), /attributes/],
    [Buffer.from('I5\n.'), /operation 0x49/],
    [Buffer.from('\x81.', 'latin1'), /operation 0x81/],
    [manyDicts, /too many operations/],
    [{ dict: [['a', call(storage, 1)]] }, /cannot be called/],
    [{ dict: [['a', new Opcodes('NQ')]] }, /no storage/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, key: '1', shape: [6] })]] }, /elements '1' are missing/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, key: '../data.pkl', shape: [6] })]] }, /missing/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, nElements: 7, shape: [7] })]] }, /24 bytes, not 7/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: [7] })]] }, /more elements than are stored/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: [6], first: 1 })]] }, /more elements than are stored/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: [2], strides: [6] })]] }, /more elements than are stored/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: [2], strides: [-1] })]] }, /no shape/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: [2, 3], strides: [1] })]] }, /no shape/],
    [{ dict: [['a', tensorView({ ...ELEMENTS, shape: Array(9).fill(1) })]] }, /no shape/],
  ]
  for (const [value, reason] of damages) {
    assert.throws(() => open(withPickle(t, value)), named(CheckpointCorruptError, reason))
  }
})

test('what is no state dict of stored elements is named', (t) => {
  const repeated = tensorView({ ...ELEMENTS, shape: [1000, 6], strides: [0, 1] })
  assert.throws(() => open(withPickle(t, { dict: [['a', repeated]] })), named(CheckpointUnsupportedError, /repeats/))
  for (const value of [null, 'a', { dict: [] }, { dict: [['epoch', 3]] }] as const) {
    assert.throws(() => open(withPickle(t, value)), named(CheckpointUnsupportedError, /holds no state dict/))
  }
  const folder = tempFolder(t)
  const order = { 'data/0': new Uint8Array(EXACT.buffer), byteorder: Buffer.from('big') }
  writePickle(join(folder, NAME), pickled({ dict: [['a', tensorView({ ...ELEMENTS, shape: [6] })]] }), order)
  assert.throws(() => open(folder), named(CheckpointUnsupportedError, /big-endian/))
})

test("OpenAI's own file is named, with the model that it is", (t) => {
  const dims = { n_audio_state: 1280, n_audio_layer: 32, n_text_layer: 4, n_vocab: 51866 }
  const folder = withPickle(t, {
    dict: [
      ['dims', { dict: Object.entries(dims) }],
      ['model_state_dict', { dict: [] }],
    ],
  })
  assert.throws(
    () => open(folder),
    (error: unknown) => {
      assert.ok(error instanceof CheckpointUnsupportedError)
      assert.match(error.message, /OpenAI's own form/)
      assert.match(error.remedy, /'openai\/whisper-large-v3-turbo'/)
      return true
    },
  )
})

test('a file of another form is named by its first bytes', (t) => {
  const folder = tempFolder(t)
  const tar = Buffer.alloc(600)
  tar.write('ustar', 257)
  for (const [bytes, what] of [
    [Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'), /PyTorch before 1\.6/],
    [tar, /PyTorch before 1\.6/],
    [Buffer.from('lmgg and so on, some more of it'), /whisper\.cpp/],
    [Buffer.from('GGUF and so on, some more of it'), /GGUF/],
    [Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'), /Git LFS/],
    [Buffer.from('something else, which nobody knows'), /no archive of PyTorch/],
    [Buffer.alloc(0), /no archive of PyTorch/],
  ] as const) {
    writeFileSync(join(folder, NAME), bytes)
    assert.throws(
      () => open(folder),
      (error: unknown) => error instanceof AsrError && what.test(error.message),
      `${what}`,
    )
  }
})

test('an archive that contradicts itself is damaged', (t) => {
  const folder = tempFolder(t)
  const path = join(folder, NAME)
  writePytorch(path, { a: { dtype: 'F32', shape: [6], data: EXACT } })
  const whole = readFileSync(path)
  const entry = whole.indexOf(Buffer.from('504b0102', 'hex')) // of data.pkl
  const second = whole.indexOf(Buffer.from('504b0102', 'hex'), entry + 4)
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(whole)
    change(bytes)
    return bytes
  }
  const wideEnd = whole.indexOf(Buffer.from('504b0606', 'hex'))
  const tries: readonly (readonly [Buffer, RegExp])[] = [
    [changed((bytes) => bytes.writeUInt16LE(8, entry + 10)), /'archive\/data\.pkl' is compressed/],
    [changed((bytes) => bytes.writeUInt32LE(1e9, entry + 20)), /is compressed/],
    [changed((bytes) => bytes.writeUInt32LE(0, second + 42)), /overlaps another/],
    [changed((bytes) => bytes.writeUInt32LE(1e9, entry + 42)), /lies behind/],
    [changed((bytes) => bytes.writeUInt32LE(3, second + 42)), /header of a record is damaged/],
    [changed((bytes) => bytes.writeBigUInt64LE(2n ** 60n, wideEnd + 48)), /too large/],
    [changed((bytes) => bytes.writeBigUInt64LE(2n ** 40n, wideEnd + 48)), /behind its end/],
    [changed((bytes) => bytes.writeBigUInt64LE(2n ** 40n, wideEnd + 40)), /would take/],
    [changed((bytes) => bytes.writeBigUInt64LE(50_000n, wideEnd + 32)), /50000 entries/],
    [changed((bytes) => bytes.writeBigUInt64LE(9n, wideEnd + 32)), /directory is cut off/],
  ]
  for (const [bytes, reason] of tries) {
    writeFileSync(path, bytes)
    assert.throws(() => open(folder), named(CheckpointCorruptError, reason))
  }
  const twice = { name: 'archive/data.pkl', bytes: () => Buffer.from('N.') }
  writeZip(path, [twice, twice])
  assert.throws(() => open(folder), named(CheckpointCorruptError, /twice/))
  writeZip(path, [{ ...twice, name: 'archive/other' }])
  assert.throws(() => open(folder), named(CheckpointCorruptError, /0 files 'data.pkl'/))
  for (let length = 4; length < whole.length; length += 37) {
    writeFileSync(path, whole.subarray(0, length))
    assert.throws(() => open(folder), CheckpointCorruptError, `${length} of ${whole.length} bytes`)
  }
})

test('several files are read by their index, each tensor from the file that it names', async (t) => {
  const folder = tempFolder(t)
  const tensors = randomWhisperTensors(tinyShape({ vocabSize: 51864 }), 1, { prefix: '' })
  writeShardedPytorch(folder, tensors, 3)
  const index = (await readJsonObject(folder, PYTORCH.index))!
  using table = openShards(folder, index, PYTORCH, () => true)
  assert.equal(table.fileNames.length, 3)
  for (const [name, tensor] of Object.entries(tensors)) assert.deepEqual(table.read(name), tensor.data(), name)
  const reaching = { weight_map: { a: '../pytorch_model.bin' } }
  assert.throws(
    () => openShards(folder, reaching, PYTORCH, () => true),
    named(CheckpointCorruptError, /no name of a file/),
  )
})
