import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hubConfig, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import { whisperTensors } from '../checkpoint/whisper-tensors.ts'
import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'
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

test('a repository with only pickled weights is refused, with a word on what to look for', async () => {
  await assert.rejects(
    checkpointFiles(listing([...SMALL, 'pytorch_model.bin'])),
    (error) =>
      error instanceof CheckpointFileMissingError &&
      error.message.includes('pytorch_model.bin') &&
      error.remedy.includes('model.safetensors'),
  )
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
  const files: Record<string, Record<string, unknown>> = { 'config.json': config, [INDEX]: { weight_map: weightMap } }
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
