import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { randomWhisperTensors, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import {
  type Ctranslate2Contents,
  type Ctranslate2Precision,
  ctranslate2Bytes,
  ctranslate2Whisper,
  float32,
  quantizedInt8,
} from '../../test/helpers/builders/ctranslate2-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { CheckpointCorruptError, CheckpointUnsupportedError } from '../errors/index.ts'
import { type Ctranslate2Model, openCtranslate2 } from './ctranslate2.ts'
import { whisperTensors } from './whisper-tensors.ts'

const SHAPE = tinyShape({ encoderLayers: 1, vocabSize: 32, maxAudioContext: 10, maxTextContext: 12 })
const SOURCE = randomWhisperTensors(SHAPE, 7, { prefix: '' })

/** Largest error that rounding may leave, relative to the largest value of the tensor. */
const ROUNDING: Record<Ctranslate2Precision, number> = {
  float32: 0,
  float16: 2 ** -11,
  int8: 0.5 / 127 + 1e-6,
  int16: 0.55 / 1024, // the one scale is that of the largest fused part, not of this one
}

for (const [precision, tolerance] of Object.entries(ROUNDING)) {
  test(`a ${precision} model gives every tensor back under Hugging Face's names`, (t) => {
    using model = open(t, ctranslate2Bytes(ctranslate2Whisper(SHAPE, SOURCE, precision as Ctranslate2Precision)))
    assert.deepEqual([...model.tensors.names()].sort(), [...whisperTensors(SHAPE)].map(({ name }) => name).sort())
    for (const { name, shape } of whisperTensors(SHAPE)) {
      assert.deepEqual(model.tensors.shape(name), shape, name)
      const expected = SOURCE[name]!.data()
      const found = model.tensors.read(name)
      const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
      for (const [i, value] of expected.entries()) {
        const error = Math.abs(value - found[i]!)
        assert.ok(error <= tolerance * largest, `${name}[${i}]: ${found[i]} for ${value}`)
      }
    }
  })
}

test('a quantised weight is the stored integer divided by the scale of its row', (t) => {
  const variables = {
    'encoder/layer_0/ffn/linear_0/weight': { shape: [2, 2], typeId: 1, bytes: Uint8Array.of(127, 64, 0x81, 0) },
    'encoder/layer_0/ffn/linear_0/weight_scale': float32([2], Float32Array.of(127, 254)),
  }
  using model = open(t, ctranslate2Bytes({ variables }))
  const expected = Float32Array.of(1, 64 / 127, -0.5, 0)
  assert.deepEqual(model.tensors.read('encoder.layers.0.fc1.weight'), expected)
})

test('the parts of a fused quantised matrix keep the scales of their own rows', (t) => {
  const data = Float32Array.from({ length: 12 }, (_, i) => (i + 1) * 10 ** Math.floor(i / 2))
  const variables = quantizedInt8('decoder/layer_3/attention/linear_1/weight', [6, 2], data)
  using model = open(t, ctranslate2Bytes({ variables }))
  const values = model.tensors.read('decoder.layers.3.encoder_attn.v_proj.weight')
  assert.equal(values.length, 6)
  for (const [i, value] of values.entries()) assert.ok(Math.abs(value / data[6 + i]! - 1) < 0.01, `${value}`)
})

test('the number of heads is read, and its absence is not an error', (t) => {
  using model = open(t, ctranslate2Bytes(ctranslate2Whisper(SHAPE, SOURCE)))
  assert.equal(model.encoderHeads, SHAPE.encoderHeads)
  assert.equal(model.decoderHeads, SHAPE.decoderHeads)
  using bare = open(t, ctranslate2Bytes({ variables: {} }))
  assert.equal(bare.encoderHeads, undefined)
})

test('a projection that is an alias of the embeddings is tied; one of its own is not', (t) => {
  const whole = ctranslate2Whisper(SHAPE, SOURCE)
  using tied = open(t, ctranslate2Bytes(whole))
  assert.equal(tied.tensors.has('proj_out.weight'), false)

  const shape = [SHAPE.vocabSize, SHAPE.dModel]
  const own = float32(shape, new Float32Array(SHAPE.vocabSize * SHAPE.dModel).fill(3))
  const variables = { ...whole.variables, 'decoder/projection/weight': own }
  using untied = open(t, ctranslate2Bytes({ variables }))
  assert.deepEqual(untied.tensors.shape('proj_out.weight'), shape)
})

test('a weight that is an alias of another one is found under its own name', (t) => {
  const variables = { 'encoder/layer_0/ffn/layer_norm/beta': float32([2], Float32Array.of(1, 2)) }
  const aliases = { 'encoder/layer_1/ffn/layer_norm/beta': 'encoder/layer_0/ffn/layer_norm/beta', x: 'nothing' }
  using model = open(t, ctranslate2Bytes({ variables, aliases }))
  assert.deepEqual(model.tensors.read('encoder.layers.1.final_layer_norm.bias'), Float32Array.of(1, 2))
})

// ── damage ──────────────────────────────────────────────────────────────────────────────────────────────────────────

test('a file that is cut anywhere is refused', (t) => {
  const whole = ctranslate2Bytes({
    variables: { 'encoder/conv1/bias': float32([3], Float32Array.of(1, 2, 3)) },
    aliases: { 'decoder/projection/weight': 'decoder/embeddings/weight' },
  })
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => open(t, whole.subarray(0, length)), CheckpointCorruptError, `${length} of ${whole.length}`)
  }
})

test('another version, specification or revision is unsupported rather than damaged', (t) => {
  const variables = {}
  for (const contents of [
    { version: 7, variables },
    { spec: 'TransformerSpec', variables },
    { revision: 4, variables },
  ]) {
    assert.throws(() => open(t, ctranslate2Bytes(contents)), CheckpointUnsupportedError)
  }
  assert.throws(() => open(t, Buffer.from('PK\x03\x04 a file of PyTorch')), CheckpointUnsupportedError)
})

const bias = float32([2], Float32Array.of(1, 2))
const matrix = { shape: [2, 2], typeId: 1, bytes: new Uint8Array(4) }
const DAMAGED: Record<string, Ctranslate2Contents> = {
  'a shape that does not fit the bytes': { variables: { a: { ...bias, shape: [3] } } },
  'a shape whose product is beyond whole numbers': {
    variables: { a: { ...bias, shape: Array.from({ length: 8 }, () => 0xffffffff) } },
  },
  'too many dimensions': { variables: { a: { ...bias, shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] } } },
  'an unknown type': { variables: { a: { ...bias, typeId: 6 } } },
  'a quantised matrix without a scale': { variables: { 'encoder/layer_0/ffn/linear_0/weight': matrix } },
  'a scale of the wrong size': {
    variables: {
      'encoder/layer_0/ffn/linear_0/weight': matrix,
      'encoder/layer_0/ffn/linear_0/weight_scale': float32([3], new Float32Array(3)),
    },
  },
}

for (const [what, contents] of Object.entries(DAMAGED)) {
  test(`a file with ${what} is refused`, (t) => {
    assert.throws(() => open(t, ctranslate2Bytes(contents)), CheckpointCorruptError)
  })
}

test('counts and lengths that lie are refused before anything is allocated for them', (t) => {
  const whole = ctranslate2Bytes({ variables: { a: bias } })
  const counted = Buffer.from(whole)
  counted.writeUInt32LE(0xffffffff, 4 + 2 + 'WhisperSpec'.length + 1 + 4)
  assert.throws(() => open(t, counted), CheckpointCorruptError)
  assert.throws(() => open(t, Buffer.concat([whole, Buffer.alloc(1)])), CheckpointCorruptError)
})

function open(t: TestContext, bytes: Uint8Array): Ctranslate2Model & Disposable {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'model.bin'), bytes)
  const model = openCtranslate2(folder)
  return { ...model, [Symbol.dispose]: () => model.tensors[Symbol.dispose]() }
}
