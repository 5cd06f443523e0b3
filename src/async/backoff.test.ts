import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs, wait, waitInBackground } from './backoff.ts'

test('pauses double up to the longest, however many failures there were', () => {
  const pauses = [1, 2, 3, 4, 5, 2000].map((n) => backoffMs(n, { firstMs: 10, longestMs: 70 }))
  assert.deepEqual(pauses, [10, 20, 40, 70, 70, 70])
})

test('an abort ends a pause', async () => {
  for (const pause of [wait, waitInBackground]) {
    const controller = new AbortController()
    const paused = pause(60_000, controller.signal)
    controller.abort()
    await assert.rejects(paused, { name: 'AbortError' })
  }
})
