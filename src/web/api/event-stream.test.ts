import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventReader } from './event-stream.ts'

const STREAM = ': still working\n\ndata: {"a":1}\n\nevent: x\ndata:two\ndata:  lines\n\nid: 7\n\ndata: [DONE]\n\n'
/** All but the end of the stream. */
const EVENTS = ['{"a":1}', 'two\n lines']

function reader() {
  const events: string[] = []
  return { events, read: eventReader((data) => events.push(data)) }
}

test('events come out whole, wherever the pieces are cut', () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const { events, read } = reader()
    for (let i = 0; i < STREAM.length; i += size) read(STREAM.slice(i, i + size))
    assert.deepEqual(events, EVENTS, `pieces of ${size}`)
  }
})

test('lines may end as on any system, also where a piece ends between the two characters', () => {
  for (const end of ['\r\n', '\r']) {
    const text = STREAM.replaceAll('\n', end)
    for (const size of [1, 2, 3, 7, text.length]) {
      const { events, read } = reader()
      for (let i = 0; i < text.length; i += size) read(text.slice(i, i + size))
      assert.deepEqual(events, EVENTS, `${JSON.stringify(end)} in pieces of ${size}`)
    }
  }
})

test('an event that has not ended is not an event', () => {
  const { events, read } = reader()
  read('data: {"half":')
  assert.deepEqual(events, [])
  read(' 1}\n')
  assert.deepEqual(events, [])
  read('\n')
  assert.deepEqual(events, ['{"half": 1}'])
})
