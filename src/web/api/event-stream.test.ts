import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStreamParser } from './event-stream.ts'

const STREAM = ': still working\n\ndata: {"a":1}\n\nevent: x\ndata:two\ndata:  lines\n\nid: 7\n\ndata: [DONE]\n\n'
const EVENTS = ['{"a":1}', 'two\n lines', '[DONE]']

test('events come out whole, wherever the pieces are cut', () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const parser = new EventStreamParser()
    const events: string[] = []
    for (let i = 0; i < STREAM.length; i += size) events.push(...parser.push(STREAM.slice(i, i + size)))
    assert.deepEqual(events, EVENTS, `pieces of ${size}`)
  }
})

test('lines may end as on any system, also where a piece ends between the two characters', () => {
  for (const end of ['\r\n', '\r']) {
    const text = STREAM.replaceAll('\n', end)
    for (const size of [1, 2, 3, 7, text.length]) {
      const parser = new EventStreamParser()
      const events: string[] = []
      for (let i = 0; i < text.length; i += size) events.push(...parser.push(text.slice(i, i + size)))
      assert.deepEqual(events, EVENTS, `${JSON.stringify(end)} in pieces of ${size}`)
    }
  }
})

test('an event that has not ended is not an event', () => {
  const parser = new EventStreamParser()
  assert.deepEqual(parser.push('data: {"half":'), [])
  assert.deepEqual(parser.push(' 1}\n'), [])
  assert.deepEqual(parser.push('\n'), ['{"half": 1}'])
})
