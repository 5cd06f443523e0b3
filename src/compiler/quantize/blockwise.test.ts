import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockSizeFor, quantizeBlocks } from './blockwise.ts'

const BLOCK_SIZE = 64

function restored({ codes, scales }: ReturnType<typeof quantizeBlocks>): Float32Array {
  return Float32Array.from(codes, (code, i) => (code - 128) * scales[Math.floor(i / BLOCK_SIZE)]!)
}

test('every weight comes back within half a level of its own block', () => {
  const weights = Float32Array.from(
    { length: 8 * BLOCK_SIZE },
    (_, i) => Math.sin(i * 1.7) * 10 ** (Math.floor(i / BLOCK_SIZE) - 4),
  )
  const quantized = quantizeBlocks(weights, BLOCK_SIZE)
  const back = restored(quantized)
  for (const [i, weight] of weights.entries()) {
    const level = quantized.scales[Math.floor(i / BLOCK_SIZE)]!
    assert.ok(Math.abs(back[i]! - weight) <= level * 0.5001, `${weight} came back as ${back[i]}`)
  }
})

test('the largest of a block is exact, zero stays zero, and a block of zeros is no division by zero', () => {
  const weights = new Float32Array(2 * BLOCK_SIZE)
  weights[3] = -2
  weights[7] = 1
  const back = restored(quantizeBlocks(weights, BLOCK_SIZE))
  assert.equal(back[3], -2)
  assert.ok(Math.abs(back[7]! - 1) < 0.01)
  assert.ok(back.slice(8).every((value) => value === 0))
})

test('blocks are as large as the rows allow', () => {
  assert.deepEqual([1280, 512, 384, 192, 96, 80].map(blockSizeFor), [128, 128, 128, 64, 32, undefined])
})
