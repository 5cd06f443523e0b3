import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckpointFileMissingError } from '../errors/index.ts'
import { checkpointFiles, checkpointFilesWithoutTokenizer, tokenizerFiles } from './checkpoint-files.ts'

const SMALL = ['config.json', 'tokenizer.json']

test('only files that are read are chosen, weights last, never code or a second copy of the weights', () => {
  const names = [
    'model.safetensors',
    'model.fp32.safetensors',
    'pytorch_model.bin',
    'flax_model.msgpack',
    'onnx',
    'modeling_lite_whisper.py',
    'README.md',
    'preprocessor_config.json',
    'tokenizer.json',
    'config.json',
  ]
  assert.deepEqual(checkpointFiles(names), [
    'config.json',
    'preprocessor_config.json',
    'tokenizer.json',
    'model.safetensors',
  ])
})

test('sharded weights come with their index, and shards of another precision stay away', () => {
  const shards = ['model-00002-of-00002.safetensors', 'model-00001-of-00002.safetensors']
  const index = 'model.safetensors.index.json'
  const names = [...SMALL, index, ...shards, 'model.fp32-00001-of-00003.safetensors']
  assert.deepEqual(checkpointFiles(names), [...SMALL, index, ...shards.toReversed()])
})

test('one safetensors file is preferred to shards, and both to the weights of CTranslate2', () => {
  const shards = ['model.safetensors.index.json', 'model-00001-of-00001.safetensors']
  assert.deepEqual(checkpointFiles([...SMALL, 'model.bin', ...shards, 'model.safetensors']).slice(2), [
    'model.safetensors',
  ])
  assert.deepEqual(checkpointFiles([...SMALL, 'model.bin', ...shards]).slice(2), shards)
  assert.deepEqual(checkpointFiles(['vocabulary.txt', 'config.json', 'model.bin']), [
    'config.json',
    'vocabulary.txt',
    'model.bin',
  ])
})

test('a repository with only pickled weights is refused, with a word on what to look for', () => {
  assert.throws(
    () => checkpointFiles([...SMALL, 'pytorch_model.bin']),
    (error) =>
      error instanceof CheckpointFileMissingError &&
      error.message.includes('pytorch_model.bin') &&
      error.remedy.includes('model.safetensors'),
  )
})

test('a missing tokenizer is an error only where the tokenizer is all that is wanted', () => {
  const names = ['config.json', 'vocab.json', 'model.safetensors'] // vocab.json without merges.txt is half a tokenizer
  assert.deepEqual(checkpointFiles(names), names)
  assert.deepEqual(checkpointFilesWithoutTokenizer(names), ['config.json', 'model.safetensors'])
  assert.throws(() => tokenizerFiles(names), CheckpointFileMissingError)
  assert.deepEqual(tokenizerFiles([...names, 'merges.txt']), ['vocab.json', 'merges.txt'])
})

test('a repository without config.json is not a checkpoint', () => {
  assert.throws(() => checkpointFiles(['model.safetensors', 'tokenizer.json']), CheckpointFileMissingError)
})
