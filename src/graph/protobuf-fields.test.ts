import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtoWriter } from './protobuf.ts'
import { mapField, readFields, writeFields } from './protobuf-fields.ts'

const inner = new ProtoWriter().string(1, 'key').string(2, 'value')
const message = new ProtoWriter()
  .int(1, 300)
  .int(2, -1)
  .float(3, 0.5)
  .string(1000, 'x'.repeat(200))
  .message(7, inner)
  .finish()

test('a message that is read and written again has the same bytes', () => {
  const fields = readFields(message)
  assert.deepEqual(
    fields.map(({ number }) => number),
    [1, 2, 3, 1000, 7],
  )
  assert.deepEqual(Buffer.from(writeFields(fields)), Buffer.from(message))
})

test('one field is changed, its length with it, and nothing else', () => {
  const changed = mapField(message, 7, (contents) =>
    mapField(contents, 2, () => new TextEncoder().encode('longer'.repeat(40))),
  )
  const expected = new ProtoWriter()
    .int(1, 300)
    .int(2, -1)
    .float(3, 0.5)
    .string(1000, 'x'.repeat(200))
    .message(7, new ProtoWriter().string(1, 'key').string(2, 'longer'.repeat(40)))
    .finish()
  assert.deepEqual(Buffer.from(changed), Buffer.from(expected))
})

test('a message that is cut off is refused', () => {
  for (const length of [1, 2, 5, message.length - 1]) {
    assert.throws(() => readFields(message.subarray(0, length)), RangeError, `at ${length}`)
  }
})
