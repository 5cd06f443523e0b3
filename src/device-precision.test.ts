import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPrecision, computesIn, hasDotProducts } from './device-precision.ts'

test('8 bits are for the CPU, half precision for GPUs, and what auto becomes is not known yet', () => {
  const devices = ['auto', 'cpu', 'webgpu', 'cuda:1'] as const
  const where = (dtype: string) => devices.filter((device) => computesIn(dtype, device))
  for (const dtype of ['auto', 'float32', 'encoder=float32']) assert.deepEqual(where(dtype), devices)
  for (const dtype of ['int8', 'decoder=blocks8']) assert.deepEqual(where(dtype), ['auto', 'cpu'])
  assert.deepEqual(where('float16'), ['auto', 'webgpu', 'cuda:1'])
})

test('a precision that does not fit is refused by the word that was given', () => {
  checkPrecision('float16', 'cuda:0')
  assert.throws(() => checkPrecision('float16', 'cpu', 'half'), {
    code: 'ASR_CONFIG_INVALID',
    sentence: "Setting DTYPE has the value 'half', which is not allowed: use auto, float32 or int8 on the CPU.",
  })
})

test('8-bit dot products are told by their instructions', () => {
  assert.ok(hasDotProducts(['sse4_1', 'avx512_vnni']))
  assert.ok(!hasDotProducts(['avx2', 'avx512f']))
  assert.ok(!hasDotProducts([]))
})
