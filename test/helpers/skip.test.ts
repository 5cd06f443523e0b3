import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipKindOf, skipped } from './skip.ts'

test('a reason keeps its kind, and a reason of another make has none', () => {
  assert.equal(skipKindOf(skipped('data', 'the recordings are absent')), 'data')
  assert.equal(skipKindOf(skipped('machine', 'fish is not on this machine')), 'machine')
  for (const reason of ['', 'the recordings are absent', 'databases: none', 'machine']) {
    assert.equal(skipKindOf(reason), undefined, reason)
  }
})
