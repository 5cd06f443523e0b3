import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clip, samplesOf } from './samples.ts'

const bytesOf = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)

test('blocks that follow each other become one piece, also where they lie at odd places', () => {
  const shifted = Buffer.concat([Buffer.alloc(3), bytesOf(1, -1)]).subarray(3)
  assert.deepEqual([...samplesOf([bytesOf(0, 0.5, -0.25), shifted])], [0, 0.5, -0.25, 1, -1])
  assert.deepEqual([...samplesOf([])], [])
})

test('values that are not finite become silence, and the others stay as loud as they are', () => {
  const samples = samplesOf([bytesOf(Number.NaN, Infinity, -Infinity, 1.25, -7, 0.75)])
  assert.deepEqual([...samples], [0, 0, 0, 1.25, -7, 0.75])
})

test('values outside of [-1, 1] are clipped', () => {
  const samples = Float32Array.of(1.25, -7, 0.75, -1, 0)
  clip(samples)
  assert.deepEqual([...samples], [1, -1, 0.75, -1, 0])
})

test('the samples do not share memory with the bytes they came from', () => {
  const bytes = bytesOf(0.5)
  const samples = samplesOf([bytes])
  bytes.fill(0)
  assert.deepEqual([...samples], [0.5])
})
