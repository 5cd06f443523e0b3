import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishedVocabulary, type VocabularyFacts } from './published-vocabulary.ts'
import { standardLayout } from './special-tokens.ts'

function published(facts: Partial<VocabularyFacts>): number | undefined {
  return publishedVocabulary({ vocabSize: 51865, generation: undefined, config: undefined, ...facts })
}

test('what the tokenizer has decides, however many rows there are', () => {
  for (const size of [51864, 51865, 51866] as const) {
    const tokenIds = new Map([...standardLayout(size), ['<|pad|>', size]])
    for (const more of [0, 1, 2, 38]) assert.equal(published({ vocabSize: size + more, tokenIds }), size)
    // Few of them are enough where they differ.
    const few = new Map(['<|startoftranscript|>', '<|transcribe|>'].map((token) => [token, tokenIds.get(token)!]))
    assert.equal(published({ vocabSize: size + 1, tokenIds: few }), size)
  }
})

test('then the ids in generation_config.json and config.json, then the mel bands', () => {
  const generation = (value: Record<string, unknown>) => ({ generation: value })
  assert.equal(published({ vocabSize: 51866, ...generation({ no_timestamps_token_id: 50363 }) }), 51865)
  assert.equal(published({ vocabSize: 51865, ...generation({ no_timestamps_token_id: 50362 }) }), 51864)
  assert.equal(published({ vocabSize: 51872, ...generation({ task_to_id: { transcribe: 50360 } }) }), 51866)
  assert.equal(published({ vocabSize: 51865, ...generation({ is_multilingual: false }) }), 51864)
  assert.equal(published({ vocabSize: 51865, config: { decoder_start_token_id: 50257 } }), 51864)
  assert.equal(published({ vocabSize: 51866, nMels: 80 }), 51865)
  assert.equal(published({ vocabSize: 51872, nMels: 128 }), 51866)
  assert.equal(published({ vocabSize: 51872, nMels: 80 }), 51865)
})

test('the size alone is believed where nothing else is known, if it is a published one', () => {
  for (const vocabSize of [51864, 51865, 51866]) assert.equal(published({ vocabSize }), vocabSize)
  assert.equal(published({ vocabSize: 51872 }), undefined)
  assert.equal(published({ vocabSize: 40_000 }), undefined)
  assert.equal(published({ vocabSize: Number.NaN }), undefined)
})

test('a statement that the stronger ones contradict counts for nothing', () => {
  const tokenIds = standardLayout(51865)
  assert.equal(published({ vocabSize: 51866, tokenIds, generation: { no_timestamps_token_id: 50364 } }), 51865)
  assert.equal(published({ vocabSize: 51866, tokenIds, nMels: 128 }), 51865)
})
