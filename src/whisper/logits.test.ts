import assert from 'node:assert/strict'
import { test } from 'node:test'
import { argmax, logprobOf, logSumExp, softmaxOver, suppress } from './logits.ts'

test('log-probabilities of all tokens add up to one, also where exp would overflow', () => {
  const logits = Float32Array.of(1000, 1001, 999, -1000)
  const total = [0, 1, 2, 3].reduce((sum, token) => sum + Math.exp(logprobOf(logits, token)), 0)
  assert.ok(Math.abs(total - 1) < 1e-9)
  assert.ok(Number.isFinite(logSumExp(logits)))
})

test('a suppressed token has no probability and is never the likeliest', () => {
  const logits = Float32Array.of(1, 5, 3)
  suppress(logits, [1])
  assert.equal(argmax(logits), 2)
  assert.equal(Math.exp(logprobOf(logits, 1)), 0)
})

test('a softmax over some tokens ignores the others', () => {
  const [a, b] = softmaxOver(Float32Array.of(2, 50, 2), [0, 2])
  assert.ok(Math.abs(a! - 0.5) < 1e-9)
  assert.equal(a, b)
})
