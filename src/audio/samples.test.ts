import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SampleReader } from './samples.ts'

/** Reads `bytes` in pieces of `size` and joins what comes out. */
function readInPieces(bytes: Uint8Array, size: number): number[] {
  const reader = new SampleReader()
  const samples: number[] = []
  for (let at = 0; at < bytes.length; at += size) samples.push(...reader.push(bytes.subarray(at, at + size)))
  return samples
}

const bytesOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)

test('samples are the same wherever the borders of the chunks lie', () => {
  const values = [0, 0.5, -0.25, 1, -1, 0.125, 2 ** -20]
  const bytes = bytesOf(...values)
  for (let size = 1; size <= bytes.length; size++)
    assert.deepEqual(readInPieces(bytes, size), values, `pieces of ${size}`)
})

test('any bytes give the same samples, cut into chunks at any places', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat({ max: 200 })), (bytes, places) => {
      const cuts = [...new Set([0, ...places.filter((at) => at < bytes.length), bytes.length])].sort((a, b) => a - b)
      const reader = new SampleReader()
      const read = cuts.slice(1).flatMap((end, i) => [...reader.push(bytes.subarray(cuts[i], end))])
      assert.deepEqual(read, [...new SampleReader().push(bytes)])
      assert.ok(read.every((sample) => sample >= -1 && sample <= 1))
    }),
    { seed: 1 },
  )
})

test('a chunk at an odd address of its buffer is read too', () => {
  const bytes = bytesOf(0.5, -0.5)
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  assert.deepEqual([...new SampleReader().push(shifted.subarray(1))], [0.5, -0.5])
})

test('values that are not finite become silence and the rest is clipped to [-1, 1]', () => {
  const bytes = bytesOf(Number.NaN, Infinity, -Infinity, 1.25, -7, 0.75)
  assert.deepEqual(readInPieces(bytes, bytes.length), [0, 0, 0, 1, -1, 0.75])
})

test('an unfinished sample at the end is dropped', () => {
  assert.deepEqual(readInPieces(bytesOf(0.5, 0.25).subarray(0, 7), 3), [0.5])
})

test('the samples do not share memory with the bytes they came from', () => {
  const bytes = bytesOf(0.5)
  const samples = new SampleReader().push(bytes)
  bytes.fill(0)
  assert.deepEqual([...samples], [0.5])
})
