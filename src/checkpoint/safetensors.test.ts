import assert from 'node:assert/strict'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { writeSafetensors, writeShardedSafetensors } from '../../test/helpers/builders/checkpoint-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { CheckpointCorruptError, CheckpointFileMissingError, CheckpointUnsupportedError } from '../errors/index.ts'
import type { JsonObject } from './json-file.ts'
import { type IsNeeded, openFile, openShards } from './weight-files.ts'
import { SAFETENSORS } from './weight-form.ts'

/** In the form of safetensors, under its usual names. */
const openSafetensors = (folder: string, file = 'model.safetensors', isNeeded?: IsNeeded) =>
  openFile(folder, file, SAFETENSORS, isNeeded)
const openShardedSafetensors = (folder: string, index: JsonObject, isNeeded: IsNeeded) =>
  openShards(folder, index, SAFETENSORS, isNeeded)

// Exact in all three types, so that nothing has to be compared approximately.
const EXACT = Float32Array.of(0, 1, -1, 0.5, -2.25, 96)

test('weights of each of the three types are read as the same float32', (t) => {
  const folder = tempFolder(t)
  writeSafetensors(join(folder, 'model.safetensors'), {
    full: { dtype: 'F32', shape: [2, 3], data: EXACT },
    half: { dtype: 'F16', shape: [3, 2], data: EXACT },
    brain: { dtype: 'BF16', shape: [6], data: EXACT },
  })
  using table = openSafetensors(folder)
  assert.deepEqual([...table.names()], ['full', 'half', 'brain'])
  assert.deepEqual(table.shape('half'), [3, 2])
  for (const name of table.names()) assert.deepEqual(table.read(name), EXACT, name)
})

test('every finite half-precision number and both infinities are converted exactly', (t) => {
  const folder = tempFolder(t)
  const isNan = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
  const bits = Uint16Array.from(Array.from({ length: 65536 }, (_, i) => i).filter((i) => !isNan(i)))
  const expected = new Float32Array(new Float16Array(bits.buffer))
  writeSafetensors(join(folder, 'model.safetensors'), {
    all: { dtype: 'F16', shape: [bits.length], data: expected },
  })
  using table = openSafetensors(folder)
  assert.deepEqual(table.read('all'), expected)
})

test('a tensor larger than one chunk comes out whole', (t) => {
  const folder = tempFolder(t)
  const data = Float32Array.from({ length: 300_001 }, (_, i) => (i % 2048) - 1024)
  writeSafetensors(join(folder, 'model.safetensors'), { big: { dtype: 'F16', shape: [300_001], data } })
  using table = openSafetensors(folder)
  assert.deepEqual(table.read('big'), data)
})

test('what the caller gets is its own: changing it changes nothing for the next reader', (t) => {
  const folder = tempFolder(t)
  writeSafetensors(join(folder, 'model.safetensors'), { a: { dtype: 'F32', shape: [6], data: EXACT } })
  using table = openSafetensors(folder)
  table.read('a').fill(7)
  assert.deepEqual(table.read('a'), EXACT)
})

test('the leading "model." of names is dropped', (t) => {
  const folder = tempFolder(t)
  writeSafetensors(join(folder, 'model.safetensors'), { 'model.a.b': { dtype: 'F32', shape: [6], data: EXACT } })
  using table = openSafetensors(folder)
  assert.deepEqual(table.read('a.b'), EXACT)
  assert.equal(table.has('model.a.b'), false)
})

test('a tensor that is there with and without "model." is refused', (t) => {
  const folder = tempFolder(t)
  const tensor = { dtype: 'F32', shape: [6], data: EXACT } as const
  writeSafetensors(join(folder, 'model.safetensors'), { 'model.a': tensor, a: tensor })
  assert.throws(() => openSafetensors(folder), corrupt(/twice/))
})

test('a tensor that is not needed is as good as absent', (t) => {
  const folder = tempFolder(t)
  const tensor = { dtype: 'F32', shape: [6], data: EXACT } as const
  writeSafetensors(join(folder, 'model.safetensors'), { 'model.a': tensor, 'proj_out.weight': tensor })
  using table = openSafetensors(folder, 'model.safetensors', (name) => name === 'a')
  assert.deepEqual([...table.names()], ['a'])
})

test('a tensor of whole numbers can be listed but not read as weights', (t) => {
  const folder = tempFolder(t)
  writeRaw(folder, { ids: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } }, Buffer.alloc(16))
  using table = openSafetensors(folder)
  assert.deepEqual(table.shape('ids'), [2])
  assert.throws(() => table.read('ids'), CheckpointUnsupportedError)
  assert.throws(() => table.read('absent'), CheckpointFileMissingError)
})

// ── damage ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const TWO = {
  a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
  b: { dtype: 'F16', shape: [2], data_offsets: [8, 12] },
}

const DAMAGED: Record<string, { header: unknown; data?: number; reason: RegExp }> = {
  'tensors that overlap': { header: { ...TWO, b: { ...TWO.b, data_offsets: [4, 8] } }, reason: /overlaps/ },
  'a gap between tensors': { header: { ...TWO, b: { ...TWO.b, data_offsets: [10, 14] } }, reason: /gap/ },
  'a shape that does not fit the bytes': { header: { ...TWO, b: { ...TWO.b, shape: [3] } }, reason: /shape \[3\]/ },
  'a shape whose product is beyond whole numbers': {
    header: { ...TWO, b: { ...TWO.b, shape: [2 ** 40, 2 ** 40] } },
    reason: /'b' of shape/,
  },
  'a negative size': { header: { ...TWO, b: { ...TWO.b, shape: [-2] } }, reason: /b\.shape\.0/ },
  'an offset before the data': { header: { ...TWO, a: { ...TWO.a, data_offsets: [-8, 0] } }, reason: /data_offsets/ },
  'an offset far beyond the file': {
    header: { ...TWO, c: { dtype: 'F32', shape: [2 ** 40], data_offsets: [12, 12 + 2 ** 42] } },
    reason: /truncated/,
  },
  'an unknown element type': { header: { ...TWO, b: { ...TWO.b, dtype: 'Q4' } }, reason: /unknown type Q4/ },
  'a header that is a list': { header: [TWO], reason: /0/ },
  'a header without offsets': { header: { a: { dtype: 'F32', shape: [2] } }, reason: /data_offsets/ },
  'less data than the header says': { header: TWO, data: 10, reason: /truncated: 2 bytes/ },
  'more data than the header says': { header: TWO, data: 13, reason: /1 bytes at its end/ },
}

for (const [what, { header, data = 12, reason }] of Object.entries(DAMAGED)) {
  test(`a file with ${what} is refused, naming the file`, (t) => {
    const folder = tempFolder(t)
    writeRaw(folder, header, Buffer.alloc(data))
    assert.throws(() => openSafetensors(folder), corrupt(reason))
  })
}

test('a file that is cut anywhere is refused', (t) => {
  const folder = tempFolder(t)
  const file = join(folder, 'model.safetensors')
  writeSafetensors(file, { a: { dtype: 'F32', shape: [6], data: EXACT } })
  const whole = readFileSync(file)
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length))
    assert.throws(() => openSafetensors(folder), CheckpointCorruptError, `${length} of ${whole.length} bytes`)
  }
})

test('a header length that lies allocates nothing of that size', (t) => {
  const folder = tempFolder(t)
  for (const length of [13n, 99_999_999n, 2n ** 40n, 2n ** 64n - 1n]) {
    const bytes = Buffer.alloc(20, '{')
    bytes.writeBigUInt64LE(length)
    writeFileSync(join(folder, 'model.safetensors'), bytes)
    assert.throws(() => openSafetensors(folder), corrupt(/header would take/))
  }
})

test('a file that shrinks after it was opened gives the error, not zeros', (t) => {
  const folder = tempFolder(t)
  const file = join(folder, 'model.safetensors')
  writeSafetensors(file, { a: { dtype: 'F32', shape: [6], data: EXACT } })
  using table = openSafetensors(folder)
  truncateSync(file, 80)
  assert.throws(() => table.read('a'), corrupt(/ends too early/))
})

// ── shards ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('sharded weights are read from the file that the index names', (t) => {
  const { folder, index } = writeShards(t)
  using table = openShardedSafetensors(folder, index, ALL)
  assert.deepEqual([...table.names()].sort(), ['a', 'b', 'c'])
  assert.deepEqual(table.read('c'), EXACT)
  assert.equal(table.fileNames.length, 2)
})

test('a missing shard is named', (t) => {
  const { folder, index } = writeShards(t)
  rmSync(join(folder, 'model-00002-of-00002.safetensors'))
  assert.throws(
    () => openShardedSafetensors(folder, index, ALL),
    (error: unknown) => {
      assert.ok(error instanceof CheckpointFileMissingError)
      assert.match(error.message, /model-00002-of-00002\.safetensors/)
      assert.doesNotMatch(error.message, /\//)
      return true
    },
  )
})

test('an index that names a tensor which no file has is refused', (t) => {
  const { folder, index } = writeShards(t)
  const weight_map = { ...index.weight_map, d: 'model-00001-of-00002.safetensors' }
  assert.throws(
    () => openShardedSafetensors(folder, { weight_map }, ALL),
    corrupt(/'d'/, 'model.safetensors.index.json'),
  )
})

test('an index that leads out of its folder is refused', (t) => {
  const { folder } = writeShards(t)
  for (const name of ['../other.safetensors', '/etc/x.safetensors', 'a/b.safetensors', '..', 'x.bin', '']) {
    const open = () => openShardedSafetensors(folder, { weight_map: { a: name } }, ALL)
    assert.throws(open, corrupt(/weight_map/, 'model.safetensors.index.json'), name)
  }
})

test('an index may name what is not needed, and a file that holds nothing else is not opened', (t) => {
  const { folder, index } = writeShards(t)
  const isNeeded = (name: string) => name !== 'b' && name !== 'd'
  rmSync(join(folder, index.weight_map['model.b']!))
  const weight_map = { ...index.weight_map, d: 'model-00001-of-00002.safetensors' }
  using table = openShardedSafetensors(folder, { weight_map }, isNeeded)
  assert.deepEqual([...table.names()].sort(), ['a', 'c'])
  assert.deepEqual(table.fileNames, ['model-00001-of-00002.safetensors'])
})

// ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const ALL = () => true

function writeShards(t: TestContext): { folder: string; index: { weight_map: Record<string, string> } } {
  const folder = tempFolder(t)
  const tensor = { dtype: 'F16', shape: [6], data: EXACT } as const
  writeShardedSafetensors(folder, { 'model.a': tensor, 'model.b': tensor, 'model.c': tensor }, 2)
  return { folder, index: JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8')) }
}

function writeRaw(folder: string, header: unknown, data: Buffer): void {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, json, data]))
}

function corrupt(reason: RegExp, file = 'model.safetensors'): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof CheckpointCorruptError, String(error))
    assert.match(error.message, reason)
    assert.ok(error.message.includes(`'${file}'`), error.message)
    return true
  }
}
