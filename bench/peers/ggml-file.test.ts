import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocks8 } from './ggml-file.ts'

test('8-bit blocks give back every value within half a step of its block', () => {
  const values = Float32Array.from({ length: 96 }, (_, i) => (i < 64 ? Math.sin(i) * (i < 32 ? 1 : 0.01) : 0))
  const bytes = blocks8(values)
  assert.equal(bytes.length, 3 * 34)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const [i, value] of values.entries()) {
    const block = Math.floor(i / 32) * 34
    const scale = view.getFloat16(block, true)
    const restored = scale * bytes.readInt8(block + 2 + (i % 32))
    assert.ok(Math.abs(restored - value) <= scale * 0.6, `${restored} for ${value}`) // the scale itself is rounded
  }
})
