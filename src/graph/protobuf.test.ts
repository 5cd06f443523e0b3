import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtoWriter } from './protobuf.ts'

// The expected bytes are those of protobuf's own encoding guide.
test('a small number, a string and a message are written as the encoding guide shows', () => {
  assert.deepEqual([...new ProtoWriter().int(1, 150).finish()], [0x08, 0x96, 0x01])
  assert.deepEqual([...new ProtoWriter().string(2, 'testing').finish()], [0x12, 0x07, ...Buffer.from('testing')])
  const inner = new ProtoWriter().int(1, 150)
  assert.deepEqual([...new ProtoWriter().message(3, inner).finish()], [0x1a, 0x03, 0x08, 0x96, 0x01])
})

test('a negative number takes ten bytes and a number beyond 32 bits keeps them all', () => {
  assert.deepEqual([...new ProtoWriter().int(1, -2).finish()], [0x08, 0xfe, ...Array(8).fill(0xff), 0x01])
  assert.deepEqual([...new ProtoWriter().int(1, 2 ** 35).finish()], [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01])
})
