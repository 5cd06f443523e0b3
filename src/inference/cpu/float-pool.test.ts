import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FloatPool } from './float-pool.ts'

test('a buffer that came back is lent again, the smallest that is long enough', () => {
  const pool = new FloatPool()
  const [small, middle, large] = [10, 14, 19].map((length) => pool.acquire(length))
  for (const buffer of [large!, small!, middle!]) pool.release(buffer)
  assert.equal(pool.acquire(12), middle)
  assert.equal(pool.acquire(12), large)
  assert.equal(pool.acquire(8), small)
})

test('nothing is lent twice at a time', () => {
  const pool = new FloatPool()
  pool.release(new Float32Array(10))
  const [first, second] = [pool.acquire(10), pool.acquire(10)]
  assert.notEqual(first, second)
  assert.equal(second.length, 10)
})

test('one more than twice as long as is asked for is left for the next big request', () => {
  const pool = new FloatPool()
  const large = pool.acquire(100)
  pool.release(large)
  assert.equal(pool.acquire(49).length, 49)
  assert.equal(pool.acquire(50), large)
})

test('of the buffers at hand the largest stay', () => {
  const pool = new FloatPool()
  const buffers = [10, 30, 20].map((length) => pool.acquire(length))
  for (const buffer of buffers) pool.release(buffer)
  pool.trim(2)
  assert.equal(pool.acquire(30), buffers[1])
  assert.equal(pool.acquire(20), buffers[2])
  assert.notEqual(pool.acquire(10), buffers[0])
})
