import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clock, isoDuration } from './time.ts'

test('a clock shows hours only where there are some', () => {
  const shown = [0, 7.99, 60, 725.4, 3599.9, 3600, 7384].map(clock)
  assert.deepEqual(shown, ['0:00', '0:07', '1:00', '12:05', '59:59', '1:00:00', '2:03:04'])
})

test('there is no time before the beginning', () => {
  assert.equal(clock(-3), '0:00')
  assert.equal(isoDuration(-3), 'PT0S')
})
