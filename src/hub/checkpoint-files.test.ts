import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hubConfig, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import { whisperTensors } from '../checkpoint/whisper-tensors.ts'
import { CheckpointCorruptError, CheckpointFileMissingError, CheckpointUnsupportedError } from '../errors/index.ts'
import {
  checkpointFiles,
  checkpointFilesWithoutTokenizer,
  type FileListing,
  processorFiles,
} from './checkpoint-files.ts'

const SMALL = ['config.json', 'tokenizer.json']
const INDEX = 'model.safetensors.index.json'
const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const

test('only files that are read are chosen, weights last, never code or a second copy of the weights', async () => {
  const names = [
    'model.safetensors',
    'model.fp32.safetensors',
    'pytorch_model.bin',
    'flax_model.msgpack',
    'optimizer.bin',
    'random_states_0.pkl',
    'scheduler.bin',
    'onnx',
    'modeling_lite_whisper.py',
    'README.md',
    'preprocessor_config.json',
    'vocab.json',
    'merges.txt',
    'added_tokens.json',
    'special_tokens_map.json',
    'normalizer.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'generation_config.json',
    'config.json',
  ]
  assert.deepEqual(await checkpointFiles(listing(names)), [
    'config.json',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'added_tokens.json',
    'model.safetensors',
  ])
})

test('of another model only its tokenizer is chosen, and what it says of itself', async () => {
  const names = [...SMALL, 'generation_config.json', 'preprocessor_config.json', 'model.safetensors', 'vocab.json']
  assert.deepEqual(await processorFiles(listing(names)), ['config.json', 'generation_config.json', 'tokenizer.json'])
})

test('sharded weights come with their index, and shards of another precision or another save stay away', async () => {
  const names = [
    ...SMALL,
    INDEX,
    ...SHARDS.toReversed(),
    'model-00001-of-00003.safetensors',
    'model.fp32-00001-of-00003.safetensors',
  ]
  assert.deepEqual(await checkpointFiles(listing(names)), [...SMALL, INDEX, ...SHARDS])
})

test('a shard that holds only a copy of the embeddings stays away, unless the model has a projection of its own', async () => {
  const weightMap = { ...everyTensorIn(SHARDS[0]), 'proj_out.weight': SHARDS[1] }
  const names = [...SMALL, INDEX, ...SHARDS]
  assert.deepEqual(await checkpointFiles(listing(names, { weightMap })), [...SMALL, INDEX, SHARDS[0]])
  const config = { ...hubConfig(tinyShape()), tie_word_embeddings: false }
  assert.deepEqual(await checkpointFiles(listing(names, { weightMap, config })), names)
})

test('a shard that the index names and the repository lacks is told before anything large is fetched', async () => {
  await assert.rejects(
    checkpointFiles(listing([...SMALL, INDEX, SHARDS[0]])),
    (error) => error instanceof CheckpointFileMissingError && error.message.includes(SHARDS[1]),
  )
})

test('an index that leads out of its folder is refused', async () => {
  const weightMap = everyTensorIn('../../elsewhere.safetensors')
  await assert.rejects(
    checkpointFiles(listing([...SMALL, INDEX, ...SHARDS], { weightMap })),
    (error) => error instanceof CheckpointCorruptError && error.message.includes(INDEX),
  )
})

test('one safetensors file is preferred to shards, and both to the weights of CTranslate2', async () => {
  const names = [...SMALL, 'model.bin', INDEX, ...SHARDS]
  assert.deepEqual((await checkpointFiles(listing([...names, 'model.safetensors']))).slice(2), ['model.safetensors'])
  assert.deepEqual((await checkpointFiles(listing(names))).slice(2), [INDEX, ...SHARDS])
  assert.deepEqual(await checkpointFiles(listing(['vocabulary.txt', 'config.json', 'model.bin'])), [
    'config.json',
    'vocabulary.txt',
    'model.bin',
  ])
})

test("PyTorch's files are chosen where there is nothing better, and of shards those that are needed", async () => {
  const shards = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const
  const index = 'pytorch_model.bin.index.json'
  const names = [...SMALL, 'optimizer.bin', 'training_args.bin', index, ...shards]
  const weightMap = spreadOver(shards)
  assert.deepEqual((await checkpointFiles(listing([...names, 'pytorch_model.bin']))).slice(2), ['pytorch_model.bin'])
  assert.deepEqual((await checkpointFiles(listing(names, { weightMap }))).slice(2), [index, ...shards])
  const copies = { ...everyTensorIn(shards[0]), 'proj_out.weight': shards[1] }
  assert.deepEqual((await checkpointFiles(listing(names, { weightMap: copies }))).slice(2), [index, shards[0]])
  const better = [...names, 'pytorch_model.bin', 'model.bin']
  assert.deepEqual((await checkpointFiles(listing(better))).slice(2), ['model.bin'])
})

test('a repository in the form of another program is named before anything large is fetched', async () => {
  const refused = (given: FileListing, what: RegExp, remedy: RegExp) =>
    assert.rejects(checkpointFiles(given), (error: unknown) => {
      assert.ok(error instanceof CheckpointUnsupportedError, `${error}`)
      assert.match(error.message, what)
      assert.match(error.remedy, remedy)
      return true
    })
  const mlx = { model_type: 'whisper', n_audio_state: 1280, n_audio_layer: 32, n_text_layer: 32, n_vocab: 51866 }
  await refused(listing(['config.json', 'weights.npz'], { config: mlx }), /MLX's form/, /'openai\/whisper-large-v3'/)
  await refused(listing([...SMALL, 'model.safetensors'], { config: mlx }), /MLX's form/, /'openai\/whisper-large-v3'/)
  const quantised = { ...hubConfig(tinyShape()), quantization_config: { quant_method: 'bitsandbytes' } }
  await refused(listing([...SMALL, 'model.safetensors'], { config: quantised }), /bitsandbytes/, /original repository/)
  await refused(listing(['ggml-base.bin', 'README.md']), /whisper\.cpp/, /'openai\/whisper-base'/)
  await refused({ ...listing(SMALL), folders: ['onnx'] }, /ONNX/, /original repository/)
  await refused(listing([...SMALL, 'flax_model.msgpack']), /Flax alone/, /from_flax=True/)
  const weightMap = { ...spreadOver(SHARDS), 'model.encoder.layers.0.fc1.weight.absmax': SHARDS[0] }
  await refused(listing([...SMALL, INDEX, ...SHARDS], { weightMap }), /bitsandbytes/, /./)

  const adapter = { peft_type: 'LORA', base_model_name_or_path: 'openai/whisper-small' }
  const names = ['adapter_config.json', 'adapter_model.safetensors']
  const withAdapter = { names, readJson: async () => adapter }
  await refused(withAdapter, /an adapter \(LORA\) of 'openai\/whisper-small'/, /merge/)
})

test('a damaged config.json is left to who opens the checkpoint', async () => {
  const names = [...SMALL, 'model.safetensors']
  const readJson = async (name: string) => {
    throw new CheckpointCorruptError(name, 'it is not JSON')
  }
  assert.deepEqual((await checkpointFiles({ names, readJson })).slice(2), ['model.safetensors'])
})

test('a missing tokenizer is an error only where the tokenizer is all that is wanted', async () => {
  const names = ['config.json', 'vocab.json', 'model.safetensors'] // vocab.json without merges.txt is half a tokenizer
  assert.deepEqual(await checkpointFiles(listing(names)), ['config.json', 'model.safetensors'])
  assert.deepEqual(await checkpointFilesWithoutTokenizer(listing(names)), ['config.json', 'model.safetensors'])
  await assert.rejects(processorFiles(listing(names)), CheckpointFileMissingError)
  const whole = [...names, 'merges.txt', 'added_tokens.json', 'tokenizer_config.json']
  assert.deepEqual(await processorFiles(listing(whole)), [
    'config.json',
    'vocab.json',
    'merges.txt',
    'tokenizer_config.json',
    'added_tokens.json',
  ])
})

test('a repository without config.json is not a checkpoint', async () => {
  await assert.rejects(checkpointFiles(listing(['model.safetensors', 'tokenizer.json'])), CheckpointFileMissingError)
})

/** A repository of a tiny Whisper whose tensors are spread over both shards. */
function listing(
  names: readonly string[],
  contents: { weightMap?: Record<string, string>; config?: Record<string, unknown> } = {},
): FileListing {
  const { weightMap = spreadOver(SHARDS), config = hubConfig(tinyShape()) } = contents
  const index = { weight_map: weightMap }
  const files: Record<string, Record<string, unknown>> = {
    'config.json': config,
    [INDEX]: index,
    'pytorch_model.bin.index.json': index,
  }
  return { names, readJson: async (name) => files[name] ?? assert.fail(`${name} is not asked for`) }
}

function spreadOver(shards: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Array.from(whisperTensors(tinyShape()), ({ name }, i) => [`model.${name}`, shards[i % shards.length]!]),
  )
}

function everyTensorIn(shard: string): Record<string, string> {
  return spreadOver([shard])
}
