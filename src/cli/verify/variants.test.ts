import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asSet, inFloat32, inFloat32ByPart, withFullContext } from './variants.ts'

const auto = asSet({ dtype: 'auto', audioContext: 'adaptive' })
const formats = { encoder: 'smoothed8', decoder: 'blocks8' }

test('each approximation is undone by itself', () => {
  assert.deepEqual(inFloat32(auto, formats), { name: 'float32', dtype: 'float32', audioContext: 'adaptive' })
  assert.deepEqual(withFullContext(auto), { name: 'full context', dtype: 'auto', audioContext: 'full' })
})

test('what is exact already has nothing to be compared with', () => {
  assert.equal(inFloat32(auto, { encoder: 'float32', decoder: 'float32' }), undefined, 'auto has chosen it')
  assert.equal(inFloat32(asSet({ dtype: 'float32', audioContext: 'full' }), undefined), undefined)
  assert.ok(inFloat32(auto, undefined), 'what nothing is known of may be anything')
  assert.equal(withFullContext(asSet({ dtype: 'auto', audioContext: 'full' })), undefined)
})

test('one part of two in 8 bits is tried in float32, the other left as it is', () => {
  assert.deepEqual(
    inFloat32ByPart(auto, formats).map(({ dtype }) => dtype),
    ['encoder=float32,decoder=blocks8', 'encoder=smoothed8,decoder=float32'],
  )
  assert.deepEqual(inFloat32ByPart(auto, { encoder: 'float32', decoder: 'blocks8' }), [], 'float32 is all that is left')
  assert.deepEqual(inFloat32ByPart(auto, { encoder: 'float16', decoder: 'float16' }), [])
  assert.deepEqual(inFloat32ByPart(auto, undefined), [])
})
