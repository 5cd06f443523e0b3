import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  randomWhisperTensors,
  tinyShape,
  writeJson,
  writeRandomCheckpoint,
} from '../../test/helpers/builders/checkpoint-builder.ts'
import { ctranslate2Whisper, writeCtranslate2 } from '../../test/helpers/builders/ctranslate2-builder.ts'
import { type Python, writePytorch, writeShardedPytorch } from '../../test/helpers/builders/pytorch-builder.ts'
import { standardTokenizer } from '../../test/helpers/builders/tokenizer-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { skipped } from '../../test/helpers/skip.ts'
import {
  AsrError,
  CheckpointCorruptError,
  CheckpointFileMissingError,
  CheckpointUnsupportedError,
} from '../errors/index.ts'
import { compiledSources, digestOfFolder, holdsWhisper, openCheckpoint } from './open-checkpoint.ts'
import type { TensorTable } from './tensor-table.ts'
import type { Checkpoint, ModelShape } from './types.ts'

const SHAPES: Record<string, ModelShape> = {
  'a multilingual Whisper': tinyShape(),
  'an English-only Whisper': tinyShape({ vocabSize: 51864 }),
  'a Whisper of the third generation': tinyShape({ vocabSize: 51866, nMels: 128 }),
  'a distilled decoder': tinyShape({ encoderLayers: 4, decoderLayers: 1 }),
  'a low-rank encoder': tinyShape({ lowRank: [{ q_proj: 4, k_proj: 3, out_proj: 2 }, {}] }),
}

for (const [what, shape] of Object.entries(SHAPES)) {
  test(`${what} is opened as it was written, from one file or several, with "model." or without`, async (t) => {
    const folder = tempFolder(t)
    const reference = randomWhisperTensors(shape, 1, { prefix: '' })
    for (const options of [{}, { shards: 3 }, { prefix: '', generationConfig: false }] as const) {
      const place = join(folder, JSON.stringify(options).replaceAll(/\W/g, '-'))
      writeRandomCheckpoint(place, shape, options)
      using checkpoint = await openCheckpoint(place)
      const { architecture, ...found } = checkpoint.config
      assert.deepEqual(found, shape)
      assert.equal(architecture, shape.lowRank.length > 0 ? 'lite-whisper' : 'whisper')
      assert.equal(checkpoint.generation.isMultilingual, shape.vocabSize !== 51864)
      for (const [name, tensor] of Object.entries(reference)) {
        assert.deepEqual(checkpoint.tensors.read(name), tensor.data(), name)
      }
    }
  })
}

test("PyTorch's files give the same tensors, from one file or several, low-rank ones too", async (t) => {
  for (const shape of [tinyShape(), tinyShape({ lowRank: [{ q_proj: 4, k_proj: 3, out_proj: 2 }, {}] })]) {
    const reference = randomWhisperTensors(shape, 1, { prefix: '' })
    const tied = { 'proj_out.weight': reference['decoder.embed_tokens.weight']! }
    const tensors = { ...randomWhisperTensors(shape, 1), ...tied }
    for (const write of [
      (folder: string) => writePytorch(join(folder, 'pytorch_model.bin'), tensors),
      (folder: string) => writeShardedPytorch(folder, tensors, 2),
      (folder: string) => writePytorch(join(folder, 'model.pt'), tensors, { wrapped: inStateDict }),
    ]) {
      const folder = tempFolder(t)
      writeRandomCheckpoint(folder, shape, { weights: false })
      write(folder)
      using checkpoint = await openCheckpoint(folder)
      assert.deepEqual(checkpoint.config.lowRank, shape.lowRank)
      assert.equal(checkpoint.tensors.has('proj_out.weight'), false)
      for (const [name, tensor] of Object.entries(reference)) {
        assert.deepEqual(checkpoint.tensors.read(name), tensor.data(), name)
      }
      assert.equal(await digestOfFolder(folder), checkpoint.digest)
      assert.equal(await holdsWhisper(folder), true)
    }
  }
})

function inStateDict(stateDict: Python): Python {
  return { dict: [['state_dict', stateDict]] }
}

test('safetensors are read where there are both, and CTranslate2 before PyTorch', async (t) => {
  const folder = tempFolder(t)
  const shape = tinyShape()
  writeRandomCheckpoint(folder, shape, { weights: false })
  writeFileSync(join(folder, 'pytorch_model.bin'), 'no archive')
  await assert.rejects(openCheckpoint(folder), /pytorch_model\.bin/)
  writeCtranslate2(join(folder, 'model.bin'), ctranslate2Whisper(shape, randomWhisperTensors(shape, 1, { prefix: '' })))
  using converted = await openCheckpoint(folder)
  assert.deepEqual(fileNamesOf(converted), ['model.bin'])
  writeRandomCheckpoint(folder, shape)
  using checkpoint = await openCheckpoint(folder)
  assert.deepEqual(fileNamesOf(checkpoint), ['model.safetensors'])
})

test('tokens that were added make no other model of it', async (t) => {
  const pad = { content: '<|pad|>', special: true }
  for (const [size, added, vocabSize] of [
    [51865, [pad], 51866],
    [51864, [pad], 51865],
    [51865, [' country', pad, ' ação'], 51870],
    [51865, [], 51872],
    [51866, [], 51904],
  ] as const) {
    const folder = tempFolder(t)
    const shape = tinyShape({ vocabSize, ...(size === 51866 && { nMels: 128 }) })
    writeRandomCheckpoint(folder, shape, { vocabulary: { size, added } })
    using checkpoint = await openCheckpoint(folder)
    const { isMultilingual, timestampBegin, addedText, unsaid } = checkpoint.generation
    assert.equal(isMultilingual, size !== 51864)
    assert.equal(timestampBegin, size - 1501)
    const texts = added.flatMap((token, i) => (typeof token === 'string' ? [size + i] : []))
    assert.deepEqual([...addedText], texts)
    assert.equal(unsaid.length, vocabSize - size - texts.length)
  }
})

test('a CTranslate2 folder gives the same tensors as the safetensors that it was converted from', async (t) => {
  const folder = tempFolder(t)
  const shape = tinyShape()
  const tensors = randomWhisperTensors(shape, 1, { prefix: '' })
  writeCtranslate2(join(folder, 'model.bin'), ctranslate2Whisper(shape, tensors))
  writeJson(join(folder, 'config.json'), { suppress_ids: [1], suppress_ids_begin: [2], alignment_heads: [[1, 1]] })
  writeJson(join(folder, 'tokenizer.json'), standardTokenizer(shape.vocabSize))
  using checkpoint = await openCheckpoint(folder)
  assert.deepEqual(checkpoint.config, { ...shape, architecture: 'whisper' })
  assert.deepEqual(checkpoint.generation.suppressTokens, [1])
  assert.deepEqual(checkpoint.generation.alignmentHeads, [[1, 1]])
  for (const [name, tensor] of Object.entries(tensors)) {
    assert.deepEqual(checkpoint.tensors.read(name), tensor.data(), name)
  }
})

test('a projection counts only where the config unties it, and then it must be there in its shape', async (t) => {
  const tied = tinyShape()
  const untied = tinyShape({ hasOwnProjection: true })
  const PROJECTION = 'proj_out.weight'
  const ofShape = (dims: number[]) => {
    const size = dims.reduce((product, dim) => product * dim, 1)
    return { dtype: 'F32', shape: dims, data: () => new Float32Array(size) } as const
  }
  const open = async (shape: ModelShape, projection: number[] | undefined, shards: number | undefined) => {
    const folder = tempFolder(t)
    const tensors = randomWhisperTensors(tied, 1)
    writeRandomCheckpoint(folder, shape, {
      tensors: projection ? { ...tensors, [PROJECTION]: ofShape(projection) } : tensors,
      ...(shards !== undefined && { shards }),
    })
    return await openCheckpoint(folder)
  }
  for (const shards of [undefined, 2]) {
    // A copy, or whatever else has that name.
    for (const dims of [[tied.vocabSize, tied.dModel], [3]]) {
      using checkpoint = await open(tied, dims, shards)
      assert.equal(checkpoint.tensors.has(PROJECTION), false)
    }
    using checkpoint = await open(untied, [tied.vocabSize, tied.dModel], shards)
    assert.equal(checkpoint.tensors.read(PROJECTION).length, tied.vocabSize * tied.dModel)

    const names = (error: unknown) => error instanceof AsrError && error.message.includes(`'${PROJECTION}'`)
    await assert.rejects(open(untied, undefined, shards), (e) => e instanceof CheckpointFileMissingError && names(e))
    await assert.rejects(open(untied, [3, 5], shards), (e) => e instanceof CheckpointUnsupportedError && names(e))
  }
})

test('the tokenizer can lie in a folder of its own', async (t) => {
  const [folder, processorFolder] = [tempFolder(t), tempFolder(t)]
  writeRandomCheckpoint(folder, tinyShape())
  renameSync(join(folder, 'tokenizer.json'), join(processorFolder, 'tokenizer.json'))
  await assert.rejects(openCheckpoint(folder), CheckpointFileMissingError)
  using checkpoint = await openCheckpoint(folder, { processorFolder })
  assert.equal(checkpoint.generation.languageIds.get('pt'), 50267)
})

test('what compiled graphs depend on is known without the tokenizer, lent heads included', async (t) => {
  const [own, bare, processorFolder] = [tempFolder(t), tempFolder(t), tempFolder(t)]
  const heads = { alignment_heads: [[1, 1]] }
  writeRandomCheckpoint(own, tinyShape())
  writeJson(join(own, 'generation_config.json'), heads)
  writeRandomCheckpoint(bare, tinyShape(), { generationConfig: false })
  writeRandomCheckpoint(processorFolder, tinyShape())
  writeJson(join(processorFolder, 'generation_config.json'), heads)
  for (const [folder, options] of [
    [own, {}],
    [bare, { processorFolder }],
  ] as const) {
    using checkpoint = await openCheckpoint(folder, options)
    const { config, digest, generation } = checkpoint
    assert.deepEqual(generation.alignmentHeads, [[1, 1]])
    if (folder === bare) rmSync(join(bare, 'tokenizer.json'))
    const expected = { config, digest, alignmentHeads: generation.alignmentHeads }
    assert.deepEqual(await compiledSources(folder, options), expected)
  }
})

test('a folder that is empty or not there lacks its weights', async (t) => {
  const folder = tempFolder(t)
  await assert.rejects(openCheckpoint(folder), CheckpointFileMissingError)
  await assert.rejects(openCheckpoint(join(folder, 'nowhere')), CheckpointFileMissingError)
  mkdirSync(join(folder, 'model.bin'))
  await assert.rejects(openCheckpoint(folder), AsrError)
})

test('weights without a config lack it', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(folder, tinyShape())
  rmSync(join(folder, 'config.json'))
  await assert.rejects(openCheckpoint(folder), /config\.json/)
})

test('a config of another size than the weights is refused', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(folder, tinyShape(), { tensors: randomWhisperTensors(tinyShape({ encoderFfnDim: 24 }), 1) })
  await assert.rejects(openCheckpoint(folder), CheckpointUnsupportedError)
})

test('no failure leaves a file open or names a folder', {
  skip: process.platform !== 'linux' && skipped('machine', 'the open files of a process are read from /proc'),
}, async (t) => {
  const folder = tempFolder(t)
  const damages: Record<string, () => void> = {
    'a tokenizer that is not JSON': () => writeFileSync(join(folder, 'tokenizer.json'), '{'),
    'a foreign tokenizer': () => writeJson(join(folder, 'tokenizer.json'), standardTokenizer(51866)),
    'a config that is a list': () => writeFileSync(join(folder, 'generation_config.json'), '[]'),
    'weights of nothing': () => writeFileSync(join(folder, 'model.safetensors'), ''),
    'other weights': () => writeRandomCheckpoint(folder, tinyShape(), { tensors: {} }),
  }
  for (const [what, damage] of Object.entries(damages)) {
    writeRandomCheckpoint(folder, tinyShape())
    damage()
    await assert.rejects(openCheckpoint(folder), (error: unknown) => {
      assert.ok(error instanceof AsrError, `${what}: ${error}`)
      assert.ok(!error.sentence.includes(folder), error.sentence)
      return true
    })
  }
  const open = readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`))
  assert.deepEqual(
    open.filter((path) => path.startsWith(folder)),
    [],
  )
})

test('a disposed checkpoint has closed its files', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(folder, tinyShape())
  const checkpoint = await openCheckpoint(folder)
  checkpoint[Symbol.dispose]()
  assert.throws(() => checkpoint.tensors.read('encoder.conv1.bias'), /closed/)
  checkpoint[Symbol.dispose]() // a second time is harmless
})

test('a damaged file of weights is reported by its base name', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(folder, tinyShape())
  writeFileSync(join(folder, 'model.safetensors'), Buffer.alloc(100, 0xff))
  await assert.rejects(openCheckpoint(folder), (error: unknown) => {
    assert.ok(error instanceof CheckpointCorruptError)
    assert.match(error.message, /'model\.safetensors'/)
    return true
  })
})

function fileNamesOf({ tensors }: Checkpoint): readonly string[] {
  return (tensors as TensorTable).fileNames // what it is behind its type
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed since the folder was listed
  }
}
