import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogitBiases } from './logit-bias.ts'

test('a bias forbids its tokens and no others', () => {
  const bias = new LogitBiases(5).against([1, 3])
  assert.deepEqual([...bias], [0, Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0])
})

test('equal lists share one array, different ones do not', () => {
  const biases = new LogitBiases(5)
  assert.equal(biases.against([1, 3]), biases.against([1, 3]))
  assert.notEqual(biases.against([1, 3]), biases.against([1]))
})

test('however many lists come, memory stays bounded and answers stay right', () => {
  const biases = new LogitBiases(100)
  const first = biases.against([0])
  for (let token = 1; token < 50; token++) biases.against([token])
  const again = biases.against([0])
  assert.notEqual(again, first, 'it was let go in between')
  assert.deepEqual(again, first)
})
