import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FULL_CONTEXT, SAMPLES_PER_POSITION, SECONDS_PER_POSITION } from './whisper-constants.ts'

test('what follows from the sizes is what the models and their tokenizers have', () => {
  assert.deepEqual([FULL_CONTEXT, SAMPLES_PER_POSITION, SECONDS_PER_POSITION], [1500, 320, 0.02])
})
