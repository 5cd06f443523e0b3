import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hubConfig, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import { CheckpointCorruptError, CheckpointFileMissingError, CheckpointUnsupportedError } from '../errors/index.ts'
import { checkTensors, parseConfig, shapeOfTensors } from './model-shape.ts'
import type { ModelShape, TensorSource } from './types.ts'
import { whisperTensors } from './whisper-tensors.ts'

const LARGE: ModelShape = {
  nMels: 128,
  dModel: 1280,
  encoderLayers: 32,
  encoderHeads: 20,
  encoderFfnDim: 5120,
  decoderLayers: 32,
  decoderHeads: 20,
  decoderFfnDim: 5120,
  vocabSize: 51866,
  maxAudioContext: 1500,
  maxTextContext: 448,
  lowRank: [],
}

test('the config of every published size is read', () => {
  const sizes = [
    [384, 4, 6],
    [512, 6, 8],
    [768, 12, 12],
    [1024, 24, 16],
    [1280, 32, 20],
  ] as const
  for (const [dModel, nLayers, nHeads] of sizes) {
    for (const vocabSize of [51864, 51865, 51866]) {
      const [encoderLayers, decoderLayers, encoderHeads, decoderHeads] = [nLayers, nLayers, nHeads, nHeads]
      const shape = { ...LARGE, dModel, encoderLayers, decoderLayers, encoderHeads, decoderHeads, vocabSize }
      assert.deepEqual(parseConfig(hubConfig(shape)), { ...shape, architecture: 'whisper' })
    }
  }
})

test('a distilled decoder has fewer layers than its encoder', () => {
  const distilled = { ...LARGE, decoderLayers: 2 }
  assert.deepEqual(parseConfig(hubConfig(distilled)), { ...distilled, architecture: 'whisper' })
})

test('ranks of any pattern are kept, and layers without any are dense', () => {
  const lowRank = [{ q_proj: 80, fc2: 208 }, {}, { k_proj: 1 }]
  const config = parseConfig(hubConfig({ ...LARGE, encoderLayers: 4, lowRank }))
  assert.equal(config.architecture, 'lite-whisper')
  assert.deepEqual(config.lowRank, [...lowRank, {}])
  const { low_rank_config: _, ...dense } = hubConfig({ ...LARGE, lowRank })
  for (const none of [undefined, null, [], [{}, null]]) {
    assert.deepEqual(parseConfig({ ...dense, low_rank_config: none }).lowRank, [])
  }
})

test('the projection is tied unless the config says that it is not', () => {
  for (const tied of [undefined, null, true]) {
    const config = parseConfig({ ...hubConfig(LARGE), tie_word_embeddings: tied })
    assert.equal(config.hasOwnProjection, undefined)
  }
  const config = parseConfig({ ...hubConfig(LARGE), tie_word_embeddings: false })
  assert.equal(config.hasOwnProjection, true)
  const shape: ModelShape = { ...LARGE, hasOwnProjection: true }
  assert.equal(shapeOfTensors(sourceOf(shape), { encoder: 20, decoder: 20 }).hasOwnProjection, true)
})

test('fields that name code to run are not looked at', () => {
  const auto_map = { AutoModel: 'modeling_lite_whisper.LiteWhisperForConditionalGeneration' }
  assert.deepEqual(parseConfig({ ...hubConfig(LARGE), auto_map }), { ...LARGE, architecture: 'whisper' })
})

test('a field that is missing or of another type is named', () => {
  for (const field of ['d_model', 'encoder_layers', 'vocab_size', 'num_mel_bins', 'model_type']) {
    const { [field]: _, ...rest } = hubConfig(LARGE)
    assert.throws(() => parseConfig(rest), named(CheckpointCorruptError, field))
    if (field !== 'model_type') {
      assert.throws(() => parseConfig({ ...rest, [field]: '80' }), named(CheckpointCorruptError, field))
    }
  }
})

const UNSUPPORTED: Record<string, { change: Record<string, unknown>; named: string }> = {
  'another architecture': { change: { model_type: 'wav2vec2' }, named: 'wav2vec2' },
  'another activation': { change: { activation_function: 'relu' }, named: 'relu' },
  'scaled embeddings': { change: { scale_embedding: true }, named: 'scale_embedding' },
  'a million layers': { change: { encoder_layers: 1_000_000 }, named: 'encoderLayers' },
  'no decoder': { change: { decoder_layers: 0 }, named: 'decoderLayers' },
  'a negative width': { change: { d_model: -1280 }, named: 'dModel' },
  'heads that do not divide the width': { change: { encoder_attention_heads: 7 }, named: '7 heads' },
  '64 mel bands': { change: { num_mel_bins: 64 }, named: '64 mel' },
  'a vocabulary that has no room for timestamps': { change: { vocab_size: 32000 }, named: 'vocabSize' },
  'a rank beyond the matrix': { change: { low_rank_config: [{ q_proj: 9999 }] }, named: '9999' },
  'a rank of zero': { change: { low_rank_config: [{ q_proj: 0 }] }, named: 'rank 0' },
  'a low-rank layer of another name': { change: { low_rank_config: [{ w_proj: 8 }] }, named: 'w_proj' },
  'more low-rank layers than layers': { change: { low_rank_config: Array(33).fill({}) }, named: '33 layers' },
}

for (const [what, { change, named: text }] of Object.entries(UNSUPPORTED)) {
  test(`a config with ${what} is refused in one sentence that names it`, () => {
    const config = { ...hubConfig(LARGE), ...change }
    assert.throws(() => parseConfig(config), named(CheckpointUnsupportedError, text))
  })
}

test('the shape is found again from the tensors alone', () => {
  const shape = { ...LARGE, encoderLayers: 3, decoderLayers: 2 }
  const config = shapeOfTensors(sourceOf(shape), { encoder: 20, decoder: undefined })
  assert.deepEqual(config, { ...shape, architecture: 'whisper' })
})

test('tensors that agree with the config pass, low-rank ones and a projection of their own included', () => {
  const shape = tinyShape({ lowRank: [{ q_proj: 4, k_proj: 3, fc1: 5, fc2: 6 }, {}] })
  checkTensors(shape, sourceOf(shape))
  const untied = tinyShape({ hasOwnProjection: true })
  checkTensors(untied, sourceOf(untied, { 'proj_out.weight': [shape.vocabSize, shape.dModel] }))
})

test('each single tensor is needed, and needed in its shape', () => {
  const shape = tinyShape({
    encoderLayers: 1,
    decoderLayers: 1,
    lowRank: [{ k_proj: 3, fc2: 6 }],
    hasOwnProjection: true,
  })
  for (const { name } of whisperTensors(shape)) {
    const missing = sourceOf(shape, { [name]: undefined })
    assert.throws(() => checkTensors(shape, missing), named(CheckpointFileMissingError, `'${name}'`))
    const other = sourceOf(shape, { [name]: [3, 5] })
    assert.throws(() => checkTensors(shape, other), named(CheckpointUnsupportedError, `'${name}'`))
  }
})

test('ranks that differ from the tensors are found', () => {
  const tensors = sourceOf(tinyShape({ lowRank: [{ q_proj: 4 }, {}] }))
  const rank5 = tinyShape({ lowRank: [{ q_proj: 5 }, {}] })
  assert.throws(() => checkTensors(rank5, tensors), named(CheckpointUnsupportedError, 'q_proj.weight1'))
  assert.throws(() => checkTensors(tinyShape(), tensors), named(CheckpointFileMissingError, 'q_proj.weight'))
})

/** Shapes without values; `changes` replaces one or, by undefined, removes it. */
function sourceOf(shape: ModelShape, changes: Record<string, readonly number[] | undefined> = {}): TensorSource {
  const shapes = new Map<string, readonly number[] | undefined>()
  for (const { name, shape: dims } of whisperTensors(shape)) shapes.set(name, dims)
  for (const [name, dims] of Object.entries(changes)) shapes.set(name, dims)
  return {
    names: () => shapes.keys(),
    has: (name) => shapes.get(name) !== undefined,
    shape(name) {
      const dims = shapes.get(name)
      if (dims) return dims
      throw new CheckpointFileMissingError(`tensor '${name}'`, 'Look for it.')
    },
    read: () => assert.fail('a shape is checked without reading'),
    [Symbol.dispose]() {},
  }
}

function named(type: new (...args: never[]) => Error, text: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof type, String(error))
    assert.ok(error.message.includes(text), `${error.message} should name ${text}`)
    return true
  }
}
