import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockReader } from './block-reader.ts'

const element = (id: readonly number[], contents: readonly number[]) => [...id, 0x80 | contents.length, ...contents]
const CLUSTER = [0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] // of unknown size
const time = (ticks: number) => element([0xe7], [ticks >> 8, ticks & 255])
const block = (ticks: number, ...bytes: number[]) =>
  element([0xa3], [0x81, (ticks >> 8) & 255, ticks & 255, 0x80, ...bytes])
const STREAM = Uint8Array.from([
  ...element([0x1a, 0x45, 0xdf, 0xa3], [1, 2, 3]),
  ...[0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ...element([0xec], [0, 0, 0, 0]), // padding
  ...element([0x16, 0x54, 0xae, 0x6b], element([0xae], element([0xe1], element([0x9f], [6])))),
  ...[...CLUSTER, ...time(1000), ...block(0, 1, 2), ...block(20, 3, 4)],
  ...[...CLUSTER, ...time(2000), ...element([0xa0], element([0xa1], [0x81, 0xff, 0xff, 0, 5, 6]))],
])

function read(chunks: readonly Uint8Array[]) {
  const reader = new BlockReader()
  return chunks.flatMap((chunk) => reader.push(chunk)).map(({ seconds, bytes }) => [seconds, ...bytes])
}

test('blocks come with their times, wherever the chunks end', () => {
  const expected = [
    [1, 1, 2],
    [1.02, 3, 4],
    [1.999, 5, 6],
  ]
  assert.deepEqual(read([STREAM]), expected)
  for (let at = 1; at < STREAM.length; at++) {
    assert.deepEqual(read([STREAM.subarray(0, at), STREAM.subarray(at)]), expected, `cut at ${at}`)
  }
  assert.deepEqual(read(Array.from(STREAM, (byte) => Uint8Array.of(byte))), expected)
})

test('the head tells how many channels there are', () => {
  const reader = new BlockReader()
  for (const byte of STREAM) reader.push(Uint8Array.of(byte))
  assert.equal(reader.nChannels, 6)
})

test('what is no Matroska has no blocks, and is not kept', () => {
  const reader = new BlockReader()
  assert.deepEqual(reader.push(new Uint8Array(1000)), [])
  assert.deepEqual(reader.push(STREAM), [])
})
