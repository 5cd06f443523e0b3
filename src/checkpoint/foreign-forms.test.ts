import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  type BuiltTensor,
  hubConfig,
  randomWhisperTensors,
  tinyShape,
  writeJson,
  writeRandomCheckpoint,
  writeSafetensors,
} from '../../test/helpers/builders/checkpoint-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { CheckpointUnsupportedError } from '../errors/index.ts'
import { openCheckpoint, openWeights } from './open-checkpoint.ts'

/** Of large-v3, in MLX's and OpenAI's words. */
const DIMS = {
  n_mels: 128,
  n_audio_ctx: 1500,
  n_audio_state: 1280,
  n_audio_head: 20,
  n_audio_layer: 32,
  n_vocab: 51866,
  n_text_ctx: 448,
  n_text_state: 1280,
  n_text_head: 20,
  n_text_layer: 32,
}
const BASE = { d_model: 512, encoder_layers: 6, decoder_layers: 6 }

async function assertForeign(folder: string, what: RegExp, remedy: RegExp): Promise<void> {
  for (const open of [openCheckpoint, openWeights]) {
    await assert.rejects(open(folder), (error: unknown) => {
      assert.ok(error instanceof CheckpointUnsupportedError, `${error}`)
      assert.match(error.message, what)
      assert.match(error.remedy, remedy)
      assert.ok(!error.sentence.includes(folder), error.sentence)
      return true
    })
  }
}

function folderWith(t: TestContext, files: Readonly<Record<string, object | string>>): string {
  const folder = tempFolder(t)
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string') writeFileSync(join(folder, name), content)
    else writeJson(join(folder, name), content)
  }
  return folder
}

test("MLX's form is named, with the repository that it was made from", async (t) => {
  const config = { model_type: 'whisper', ...DIMS }
  for (const weights of ['model.safetensors', 'weights.safetensors', 'weights.npz']) {
    const folder = folderWith(t, { 'config.json': config, [weights]: 'weights' })
    await assertForeign(folder, /it is in MLX's form\./, /'openai\/whisper-large-v3'/)
  }
  const small = { ...config, n_audio_state: 768, n_audio_layer: 12, n_text_layer: 12, n_vocab: 51864 }
  await assertForeign(folderWith(t, { 'config.json': small, 'weights.npz': '' }), /MLX/, /'openai\/whisper-small.en'/)
  const turbo = { ...config, n_text_layer: 4, quantization: { group_size: 64, bits: 4 } }
  const quantised = folderWith(t, { 'config.json': turbo, 'model.safetensors': '' })
  await assertForeign(quantised, /MLX's form, quantised/, /'openai\/whisper-large-v3-turbo'/)
  const older: Record<string, unknown> = { ...DIMS }
  await assertForeign(folderWith(t, { 'config.json': older, 'weights.npz': '' }), /MLX/, /whisper-large-v3'/)
})

test("MLX's and other foreign tensors are named under Hugging Face's config too", async (t) => {
  const shape = tinyShape()
  const one: BuiltTensor = { dtype: 'F32', shape: [1], data: new Float32Array(1) }
  const with1 = (name: string) => ({ ...randomWhisperTensors(shape, 1), [name]: one })
  for (const [name, what] of [
    ['model.encoder.layers.0.fc1.weight.absmax', /quantised by bitsandbytes/],
    ['model.encoder.layers.0.fc1.weight.quant_state.bitsandbytes__nf4', /quantised by bitsandbytes/],
    ['model.encoder.layers.0.fc1.SCB', /quantised by bitsandbytes/],
    ['model.encoder.layers.0.fc1.qweight', /quantised by GPTQ or AWQ/],
    ['model.encoder.layers.0.fc1.weight_packed', /compressed-tensors/],
    ['encoder.layers.0.fc1.scales', /MLX's form, quantised/],
    ['encoder.blocks.0.attn.query.weight', /MLX's or OpenAI's own form/],
    ['base_model.model.model.encoder.layers.0.fc1.lora_A.weight', /an adapter of another model/],
  ] as const) {
    for (const shards of [undefined, 2]) {
      const folder = tempFolder(t)
      writeRandomCheckpoint(folder, shape, { tensors: with1(name), ...(shards !== undefined && { shards }) })
      await assertForeign(folder, what, /./)
    }
  }
  const folder = tempFolder(t)
  const conv: BuiltTensor = { dtype: 'F32', shape: [16, 3, 80], data: new Float32Array(16 * 3 * 80) }
  writeRandomCheckpoint(folder, shape, {
    tensors: { ...randomWhisperTensors(shape, 1), 'model.encoder.conv1.weight': conv },
  })
  await assert.rejects(openCheckpoint(folder), /MLX's form/)
})

test('weights that others have quantised are named by config.json', async (t) => {
  const config = hubConfig(tinyShape())
  for (const [quantization_config, what] of [
    [{ quant_method: 'bitsandbytes', load_in_4bit: true }, /quantised by bitsandbytes/],
    [{ load_in_8bit: true }, /quantised by bitsandbytes/],
    [{ quant_method: 'gptq', bits: 4 }, /quantised by gptq/],
    [{ quant_method: 'awq' }, /quantised by awq/],
  ] as const) {
    const named = { ...config, quantization_config, _name_or_path: 'somebody/whisper-small-pt' }
    const folder = folderWith(t, { 'config.json': named, 'model.safetensors': '' })
    await assertForeign(folder, what, /'somebody\/whisper-small-pt'/)
  }
})

test('an adapter is named with its base, and how to make a model of the two', async (t) => {
  const adapter_config = { peft_type: 'LORA', base_model_name_or_path: 'openai/whisper-small', r: 8 }
  for (const weights of ['adapter_model.safetensors', 'adapter_model.bin']) {
    for (const config of [{}, { 'config.json': hubConfig(tinyShape()) }]) {
      const folder = folderWith(t, { ...config, 'adapter_config.json': adapter_config, [weights]: '' })
      await assertForeign(folder, /an adapter \(LORA\) of 'openai\/whisper-small'/, /merge_and_unload/)
    }
  }
  const onDisk = { peft_type: 'LORA', base_model_name_or_path: '/home/somebody/models/small' }
  const folder = folderWith(t, { 'adapter_config.json': onDisk, 'adapter_model.safetensors': '' })
  await assertForeign(folder, /of another model/, /merge/)
})

test('a merged model that keeps its adapter is read', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(folder, tinyShape())
  writeJson(join(folder, 'adapter_config.json'), { base_model_name_or_path: 'openai/whisper-small' })
  using checkpoint = await openCheckpoint(folder)
  assert.equal(checkpoint.config.dModel, 16)
})

test('what is published for other programs is named by its files', async (t) => {
  const base = /'openai\/whisper-base'/
  for (const [files, what, remedy] of [
    [['ggml-large-v3-turbo-q5_0.bin'], /whisper\.cpp's form/, /'openai\/whisper-large-v3-turbo'/],
    [['ggml-base.en.bin'], /whisper\.cpp's form/, /'openai\/whisper-base.en'/],
    [['whisper-small-q8.gguf'], /GGUF/, base],
    [['large-v3.pt'], /OpenAI's own form/, /'openai\/whisper-large-v3'/],
    [['encoder_model.onnx', 'decoder_model.onnx'], /ONNX/, base],
    [['AudioEncoder.mlmodelc'], /Core ML's form \(WhisperKit\)/, base],
    [['openvino_encoder_model.xml', 'openvino_encoder_model.bin'], /OpenVINO/, base],
    [['canary.nemo'], /a model of NeMo/, /Whisper family/],
    [['whisper.tflite'], /TensorFlow Lite/, base],
    [['tf_model.h5'], /for TensorFlow alone/, /from_tf=True/],
    [['flax_model.msgpack'], /for Flax alone/, /from_flax=True/],
  ] as const) {
    const config = { ...hubConfig(tinyShape()), ...BASE }
    const folder = folderWith(t, { 'config.json': config, ...Object.fromEntries(files.map((name) => [name, ''])) })
    await assertForeign(folder, what, remedy)
  }
  const folder = folderWith(t, { 'config.json': { ...hubConfig(tinyShape()), ...BASE } })
  mkdirSync(join(folder, 'onnx'))
  await assertForeign(folder, /ONNX/, base)
})

test('a classifier is no model for speech recognition', async (t) => {
  const config = { ...hubConfig(tinyShape()), architectures: ['WhisperForAudioClassification'] }
  const folder = folderWith(t, { 'config.json': config })
  writeSafetensors(join(folder, 'model.safetensors'), {})
  await assertForeign(folder, /writes no text/, /speech recognition/)
})
