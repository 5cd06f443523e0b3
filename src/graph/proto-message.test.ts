import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtoMessage } from './proto-message.ts'
import { ProtoWriter } from './protobuf.ts'

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
  assert.throws(() => new ProtoMessage(whole.subarray(0, -1)), /ends inside a field/)
  assert.throws(() => new ProtoMessage(Uint8Array.of(0x0f)), /no protobuf/)
  assert.throws(() => new ProtoMessage(new Uint8Array(20).fill(0xff)), /no protobuf/)
})
