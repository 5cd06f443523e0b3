/**
 * Damaged and hostile files of models: whatever is in them, a reader gives back something or throws one of our errors, and
 * costs no more than its limits allow. The damage is made from whole files by a fixed seed.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { mergesOfVocabulary } from '../../src/checkpoint/byte-pair-merges.ts'
import { openCtranslate2 } from '../../src/checkpoint/ctranslate2.ts'
import { generationConfig } from '../../src/checkpoint/generation-config.ts'
import { digestOfFolder, holdsWhisper, openWeights } from '../../src/checkpoint/index.ts'
import { isJsonObject, readJsonObject } from '../../src/checkpoint/json-file.ts'
import { parseConfig } from '../../src/checkpoint/model-shape.ts'
import { readTokenizer } from '../../src/checkpoint/tokenizer-files.ts'
import { openFile, openShards } from '../../src/checkpoint/weight-files.ts'
import { PYTORCH, SAFETENSORS } from '../../src/checkpoint/weight-form.ts'
import { AsrError, CheckpointCorruptError } from '../../src/errors/index.ts'
import { CompiledDamagedError, readCompiled, writeManifest } from '../../src/models/compiled/cache.ts'
import {
  hubConfig,
  randomWhisperTensors,
  tinyShape,
  writeJson,
  writeRandomCheckpoint,
  writeSafetensors,
} from '../helpers/builders/checkpoint-builder.ts'
import { ctranslate2Bytes, ctranslate2Whisper } from '../helpers/builders/ctranslate2-builder.ts'
import { u64 } from '../helpers/builders/little-endian.ts'
import { mutatedBytes, mutatedJson } from '../helpers/builders/mutations.ts'
import {
  call,
  global,
  ORDERED_DICT,
  pickled,
  tensorView,
  writePickle,
  writePytorch,
} from '../helpers/builders/pytorch-builder.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const SEED = 20261201
/** Far above what any reader needs for files of a few kB, and far below what a length that lies would take. */
const MOST_BYTES = 1024 ** 3

/** Reads each of the damaged files. A hang shows as the end of the test's time. */
async function survives<T>(
  damaged: fc.Arbitrary<T>,
  read: (value: T) => unknown,
  {
    numRuns,
    isOurs = (error: unknown) => error instanceof AsrError,
  }: { numRuns: number; isOurs?: (error: unknown) => boolean },
): Promise<void> {
  const before = process.resourceUsage().maxRSS * 1024
  let nRead = 0
  const property = fc.asyncProperty(damaged, async (value) => {
    try {
      await read(value)
      nRead++
    } catch (error) {
      if (!isOurs(error)) throw error
      assert.ok((error as Error).message.length < 2000, 'a sentence, whatever the file holds')
    }
  })
  await fc.assert(property, { seed: SEED, numRuns })
  assert.ok(nRead < numRuns, 'some of the damage is seen')
  const grown = process.resourceUsage().maxRSS * 1024 - before
  assert.ok(grown < MOST_BYTES, `${grown} bytes`)
}

const time = { timeout: 300_000 }

test('damaged safetensors', time, async (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'model.safetensors')
  const data = Float32Array.of(1, 2, 3, 4, 5, 6)
  writeSafetensors(path, {
    'model.a.weight': { dtype: 'F32', shape: [2, 3], data },
    'b.bias': { dtype: 'F16', shape: [6], data },
    c: { dtype: 'BF16', shape: [], data: data.subarray(0, 1) },
  })
  const whole = readFileSync(path)
  const length = Number(whole.readBigUInt64LE())
  readAll(folder, 'model.safetensors', SAFETENSORS)
  const readBytes = readerOf(folder, 'model.safetensors', SAFETENSORS)
  await survives(mutatedBytes(whole), readBytes, { numRuns: 1500 })
  const header = JSON.parse(whole.toString('utf8', 8, 8 + length))
  const read = (json: unknown) => readBytes(withHeader(JSON.stringify(json) ?? '', whole.subarray(8 + length)))
  await survives(mutatedJson(header), read, { numRuns: 500 })
})

type FileForm = Parameters<typeof openFile>[2]

/** Reads all tensors of a file. */
function readAll(folder: string, file: string, form: FileForm): void {
  using table = openFile(folder, file, form)
  for (const name of table.names()) table.read(name)
}

/** The same of a file with other contents. */
function readerOf(folder: string, file: string, form: FileForm): (bytes: Uint8Array) => void {
  return (bytes) => {
    writeFileSync(join(folder, file), bytes)
    readAll(folder, file, form)
  }
}

function withHeader(json: string, data: Uint8Array): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(json)), Buffer.from(json), data])
}

test('a damaged file of PyTorch', time, async (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'pytorch_model.bin')
  const data = Float32Array.of(1, 2, 3, 4, 5, 6)
  const elements = { key: 'x', storage: 'FloatStorage', nElements: 6 }
  const view = tensorView({ ...elements, shape: [3, 2], strides: [1, 3] })
  writePytorch(
    path,
    {
      'model.a.weight': { dtype: 'F32', shape: [2, 3], data },
      'b.bias': { dtype: 'F16', shape: [6], data },
      c: { dtype: 'BF16', shape: [], data: data.subarray(0, 1) },
    },
    {
      wrapped: (stateDict) => ({ dict: [['state_dict', stateDict]] }),
      records: { 'archive/data/x': new Uint8Array(data.buffer) },
    },
  )
  readAll(folder, 'pytorch_model.bin', PYTORCH)
  const readBytes = readerOf(folder, 'pytorch_model.bin', PYTORCH)
  await survives(mutatedBytes(readFileSync(path)), readBytes, { numRuns: 1500 })

  // The pickle alone, in an archive that is whole: its damage is not hidden behind the archive's.
  const pickle = pickled({
    dict: [
      ['a', tensorView({ ...elements, shape: [2, 3] })],
      ['b', call(global('torch._utils', '_rebuild_parameter'), view, true, ORDERED_DICT)],
      ['c', view],
    ],
  })
  const readPickle = (bytes: Uint8Array) => {
    writePickle(path, bytes, { 'data/x': new Uint8Array(data.buffer) })
    readAll(folder, 'pytorch_model.bin', PYTORCH)
  }
  readPickle(pickle)
  await survives(mutatedBytes(pickle), readPickle, { numRuns: 1500 })
})

test('a damaged index of shards', time, async (t) => {
  const folder = tempFolder(t)
  const shape = tinyShape()
  writeRandomCheckpoint(folder, shape, { shards: 2 })
  const index = JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8'))
  const read = (json: unknown) => {
    if (!isJsonObject(json)) return // it is given nothing else
    using _ = openShards(folder, json, SAFETENSORS, () => true)
  }
  read(index)
  await survives(mutatedJson(index), read, { numRuns: 300 })
})

test('a damaged model.bin of CTranslate2', time, async (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'model.bin')
  const shape = tinyShape()
  const all = ctranslate2Whisper(shape, randomWhisperTensors(shape, 1, { prefix: '' }), 'int8')
  // Without the embeddings, which are nearly all of the file.
  const small = Object.entries(all.variables).filter(([, { bytes }]) => bytes.length < 10_000)
  const whole = ctranslate2Bytes({ ...all, variables: Object.fromEntries(small) })
  const read = (bytes: Uint8Array) => {
    writeFileSync(path, bytes)
    const { tensors } = openCtranslate2(folder)
    using _ = tensors
    for (const name of tensors.names()) tensors.read(name)
  }
  read(whole)
  await survives(mutatedBytes(whole), read, { numRuns: 1500 })
})

test('damaged files of a tokenizer', time, async (t) => {
  const bytes = ['!', '"', 't', '\u0120', 'a', 'b']
  const vocab = Object.fromEntries(
    [...bytes, '\u0120t', 'ab', '<|endoftext|>', '<|notimestamps|>'].map((token, i) => [token, i]),
  )
  const added = [
    { id: 8, content: '<|endoftext|>', special: true },
    { id: 9, content: '<|notimestamps|>', special: true },
  ]
  const documents: Record<string, unknown> = {
    'tokenizer.json': { added_tokens: added, model: { type: 'BPE', vocab, merges: ['\u0120 t', ['a', 'b']] } },
    'vocab.json': vocab,
    'vocabulary.json': Object.keys(vocab),
    'added_tokens.json': { '<|endoftext|>': 8, '<|notimestamps|>': 9 },
    'tokenizer_config.json': { added_tokens_decoder: { 8: added[0], 9: added[1] } },
  }
  const texts = { 'vocabulary.txt': Object.keys(vocab).join('\n'), 'merges.txt': '#version: 0.2\n\u0120 t\na b\n' }
  for (const name of [...Object.keys(documents), ...Object.keys(texts)]) {
    const folder = tempFolder(t)
    const write = (file: string, text: string | Uint8Array) => writeFileSync(join(folder, file), text)
    if (!/^(tokenizer|vocab)/.test(name)) write('vocab.json', JSON.stringify(vocab)) // what it belongs to
    if (name === 'tokenizer_config.json') write('vocabulary.txt', texts['vocabulary.txt'])
    const readText = async (text: string | Uint8Array) => {
      write(name, text)
      await readTokenizer(folder, 60_000)
    }
    const whole = name in texts ? texts[name as keyof typeof texts] : JSON.stringify(documents[name])
    await readText(whole)
    await survivesOrReads(mutatedBytes(Buffer.from(whole)), readText, 300)
    if (name in texts) continue
    await survivesOrReads(mutatedJson(documents[name]), (json) => readText(JSON.stringify(json) ?? ''), 200)
  }
})

/** As `survives`, for files of which nearly every text is a right one. */
async function survivesOrReads<T>(
  damaged: fc.Arbitrary<T>,
  read: (value: T) => unknown,
  numRuns: number,
): Promise<void> {
  const always = fc.constant<T | undefined>(undefined)
  const last = new CheckpointCorruptError('none', 'this one is')
  const orNone = (value: T | undefined) => (value === undefined ? Promise.reject(last) : read(value))
  await survives(fc.oneof({ arbitrary: damaged, weight: 50 }, always), orNone, { numRuns })
}

test('damaged configs', time, async (t) => {
  const folder = tempFolder(t)
  const shape = tinyShape()
  writeRandomCheckpoint(folder, shape)
  const { tokenIds } = await readTokenizer(folder, shape.vocabSize)
  const generation = {
    ...(await readJsonObject(folder, 'generation_config.json')),
    alignment_heads: [[0, 1]],
    lang_to_id: { '<|pt|>': 50267 },
  }
  const config = hubConfig(shape)
  const readConfig = (json: unknown) => {
    if (isJsonObject(json)) parseConfig(json) // it is given nothing else
  }
  await survives(mutatedJson(config), readConfig, { numRuns: 500 })
  const read = (json: unknown) =>
    generationConfig({ generation: json as Record<string, unknown>, config, tokenIds, shape })
  await survives(mutatedJson(generation), read, { numRuns: 500 })

  // What the service's own process reads.
  const text = JSON.stringify(config)
  await survives(
    mutatedBytes(Buffer.from(text)),
    async (bytes) => {
      writeFileSync(join(folder, 'config.json'), bytes)
      await holdsWhisper(folder)
      await digestOfFolder(folder)
    },
    { numRuns: 500 },
  )
})

test('a damaged manifest of a compiled model', time, async (t) => {
  const folder = tempFolder(t)
  for (const name of ['encoder.onnx', 'decoder.onnx', 'encoder.weights']) writeFileSync(join(folder, name), name)
  writeManifest(folder, { digest: 'd', options: {}, machine: 'here' }, { name: 'tiny', fingerprint: 'f' })
  const path = join(folder, 'model.json')
  const whole = readFileSync(path)
  const read = (text: string | Uint8Array) => {
    writeFileSync(path, text)
    readCompiled(folder)
  }
  const isOurs = (error: unknown) => error instanceof CompiledDamagedError
  await survives(mutatedBytes(whole), read, { numRuns: 500, isOurs })
  await survives(mutatedJson(JSON.parse(whole.toString())), (json) => read(JSON.stringify(json) ?? ''), {
    numRuns: 300,
    isOurs,
  })
})

// ── files that are far too large for what their names say ───────────────────────────────────────────────────────────

const corrupt = (reason: RegExp) => (error: unknown) =>
  error instanceof CheckpointCorruptError && reason.test(error.message)

test('a header of millions of tensors is refused by its length, and one of many by their number', time, (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'model.safetensors')
  const header = (n: number) => {
    const entries = Array.from({ length: n }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)
    return `{${entries.join()}}`
  }
  writeFileSync(path, withHeader(header(200_000), Buffer.alloc(0)))
  const open = () => openFile(folder, 'model.safetensors', SAFETENSORS)
  assert.throws(open, corrupt(/its header would take \d+ bytes/))
  writeFileSync(path, withHeader(header(20_001), Buffer.alloc(0)))
  assert.throws(open, corrupt(/its header has 20001 entries/))
  writeFileSync(path, withHeader(header(2000), Buffer.alloc(0)))
  using table = open()
  assert.equal([...table.names()].length, 2000)
})

test('a pickle that makes much of little is refused by its size, its operations, or what it names', time, (t) => {
  const folder = tempFolder(t)
  const path = join(folder, 'pytorch_model.bin')
  const open = () => openFile(folder, 'pytorch_model.bin', PYTORCH)
  writePickle(path, Buffer.alloc(9 * 1024 ** 2, '}'))
  assert.throws(open, corrupt(/its pickle would take \d+ bytes/))
  for (const operation of ['}', '(', 'N', ')']) {
    writePickle(path, Buffer.alloc(8 * 1024 ** 2, operation))
    assert.throws(open, corrupt(/too many operations/))
  }
  // Tuples of tuples, each ten times the one inside: as a text they would fill any memory.
  const nested = `]q\0${`(${'h\0'.repeat(10)}tq\0`.repeat(200)}`
  for (const [use, reason] of [
    ['h\0\x93.', /a name in its pickle is no text/],
    ['Q.', /no storage/],
    ['R.', /cannot be called/],
    ['}h\0h\0s.', /no text/],
  ] as const) {
    writePickle(path, Buffer.from(nested + use, 'latin1'))
    assert.throws(open, corrupt(reason))
  }
  const many = Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [`data/${i}`, new Uint8Array(0)]))
  writePickle(path, Buffer.from('N.'), many)
  assert.throws(open, corrupt(/its directory has 20002 entries/))
})

test('configs and vocabularies that are too large are not parsed', time, async (t) => {
  const folder = tempFolder(t)
  for (const [name, megabytes] of [
    ['config.json', 3],
    ['generation_config.json', 3],
    ['preprocessor_config.json', 3],
    ['tokenizer.json', 17],
    ['vocabulary.json', 17],
  ] as const) {
    writeFileSync(join(folder, name), Buffer.alloc(megabytes * 1024 ** 2, ' '))
    await assert.rejects(readJsonObject(folder, name), corrupt(/bytes are too many for this file/))
  }
})

test('a token of absurd length is refused before it is taken apart', time, async (t) => {
  assert.throws(
    () => mergesOfVocabulary({ ['ab'.repeat(10_000)]: 300 }, 'vocabulary.txt'),
    corrupt(/tokens are too long/),
  )
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'vocabulary.txt'), 'ab'.repeat(4 * 1024 ** 2))
  await assert.rejects(readTokenizer(folder, 51865), corrupt(/tokens are too long/))
})

test("the service's own process opens no weights to list or delete a model", async (t) => {
  const folder = hostileFolder(t)
  assert.equal(await holdsWhisper(folder), true)
  assert.match(await digestOfFolder(folder), /^[0-9a-f]{40}$/)
  await assert.rejects(openWeights(folder), corrupt(/header/))
})

/** A Whisper by its config, whose weights are a trap. */
function hostileFolder(t: TestContext): string {
  const folder = join(tempFolder(t), 'hostile')
  mkdirSync(folder)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeJson(join(folder, 'config.json'), hubConfig(tinyShape()))
  writeFileSync(join(folder, 'model.safetensors'), withHeader('['.repeat(1_000_000), Buffer.alloc(0)))
  return folder
}
