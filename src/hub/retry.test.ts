import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubRateLimitedError, HubUnreachableError } from '../errors/index.ts'
import { PassingFailure, retrying } from './retry.ts'

function patience(attempts: number) {
  const pauses: number[] = []
  const wait = async (ms: number) => void pauses.push(ms)
  return { attempts, wait, signal: new AbortController().signal, pauses }
}

const unreachable = new HubUnreachableError('a/b')

test('pauses double and the last attempt throws the final error', async () => {
  const options = patience(4)
  await assert.rejects(
    retrying(() => Promise.reject(new PassingFailure(unreachable)), options),
    unreachable,
  )
  assert.deepEqual(options.pauses, [500, 1000, 2000])
})

test('an attempt that got further earns new patience', async () => {
  const options = patience(2)
  let attempts = 0
  const result = await retrying(async () => {
    if (++attempts < 6) throw new PassingFailure(unreachable, { hasProgressed: true })
    return 'done'
  }, options)
  assert.equal(result, 'done')
  assert.deepEqual(options.pauses, [500, 500, 500, 500, 500])
})

test('a pause that the other side asks for is kept, but not a very long one', async () => {
  const short = patience(2)
  const limited = new HubRateLimitedError('a/b')
  await assert.rejects(
    retrying(() => Promise.reject(new PassingFailure(limited, { afterMs: 7000 })), short),
    limited,
  )
  assert.deepEqual(short.pauses, [7000])

  const long = patience(2)
  await assert.rejects(
    retrying(() => Promise.reject(new PassingFailure(limited, { afterMs: 300_000 })), long),
    limited,
  )
  assert.deepEqual(long.pauses, [])
})

test('any other failure is not repeated', async () => {
  const options = patience(5)
  await assert.rejects(
    retrying(() => Promise.reject(new RangeError('ours')), options),
    RangeError,
  )
  assert.deepEqual(options.pauses, [])
})
