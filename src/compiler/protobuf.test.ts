import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapField, ProtoMessage, ProtoWriter, readFields, writeFields } from './protobuf.ts'

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

test('what the writer wrote is read again', () => {
  const inner = new ProtoWriter().int(1, 150).int(1, -2).string(2, 'first').string(2, 'zweite')
  const message = new ProtoMessage(
    new ProtoWriter()
      .message(3, inner)
      .float(4, 1.5)
      .int(500, 2 ** 40)
      .finish(),
  )
  assert.deepEqual(message.ints(500), [2 ** 40])
  const [read] = message.messages(3)
  assert.deepEqual(read?.ints(1), [150, -2])
  assert.deepEqual(read?.strings(2), ['first', 'zweite'])
})

test('packed numbers are read as the encoding guide shows', () => {
  const bytes = Uint8Array.of(0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05)
  assert.deepEqual(new ProtoMessage(bytes).ints(6), [3, 270, 86942])
})

test('an absent field is empty', () => {
  const message = new ProtoMessage(new Uint8Array(0))
  assert.deepEqual([message.ints(1), message.messages(1), message.strings(1)], [[], [], []])
  assert.equal(message.string(1), '')
  assert.equal(message.bytes(1), undefined)
})

test('bytes that end too early and such that are no protobuf are refused', () => {
  const whole = new ProtoWriter().string(2, 'testing').finish()
  assert.throws(() => new ProtoMessage(whole.subarray(0, -1)), /ends within a field/)
  assert.throws(() => new ProtoMessage(Uint8Array.of(0x0f)), /none of protobuf's/)
  assert.throws(() => new ProtoMessage(new Uint8Array(20).fill(0xff)), /does not end/)
})

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
