import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channelSizes, rangesAfterNorm } from './channel-ranges.ts'
import { quantizeOutputs, smoothingScales } from './smoothquant.ts'

const N_INPUTS = 8
const gamma = Float32Array.of(0.5, 20, 0.1, 1, 1, 0, 2, 0.3) // one channel far larger than the others, one dead
const beta = Float32Array.of(0, 1, 0.2, -3, 0, 0, 0.1, 0)
const sizes = channelSizes(rangesAfterNorm(gamma, beta))
const matrix = Float32Array.from({ length: 4 * N_INPUTS }, (_, i) => Math.sin(i * 2.3) * 0.1)

test('a large channel is divided by more, and inputs times weights come to the same', () => {
  const scales = smoothingScales(sizes, [matrix])
  assert.ok(scales.every((scale) => Number.isFinite(scale) && scale > 0))
  const spread = (values: Float32Array) => Math.max(...values) / Math.min(...values.filter((value) => value > 0))
  const before = gamma.map((value, i) => Math.abs(value) * 3 + Math.abs(beta[i]!))
  const after = before.map((value, i) => value / scales[i]!)
  assert.ok(spread(after) < Math.sqrt(spread(before)) * 4, 'the channels have become more alike')
})

test('each output comes back within half a level for each input', () => {
  const inputScales = smoothingScales(sizes, [matrix])
  const { codes, scales } = quantizeOutputs(matrix, inputScales)
  for (let out = 0; out < scales.length; out++) {
    for (let i = 0; i < N_INPUTS; i++) {
      const restored = (codes[i * scales.length + out]! * scales[out]!) / inputScales[i]!
      const error = Math.abs(restored - matrix[out * N_INPUTS + i]!) * inputScales[i]!
      assert.ok(error <= scales[out]! * 0.5001)
    }
  }
})

test('the largest weight of each output takes the whole range, and zeros are no division by zero', () => {
  const { codes, scales } = quantizeOutputs(Float32Array.of(0.5, -2, 0, 0), Float32Array.of(1, 1))
  assert.deepEqual([...codes], [32, 0, -127, 0])
  assert.equal(scales[1], 1)
})
