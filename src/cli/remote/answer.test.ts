/** Events of a service that is of another version, broken or hostile: understood, or refused as what they are. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ZodError } from 'zod'
import { spokenSegment, transcriptionOf } from '../../../test/helpers/builders/transcriptions.ts'
import { toVerboseJson } from '../../transcript/index.ts'
import { readEvent, toTranscription } from './answer.ts'

/** The last event of a stream, as this version sends it. */
const DONE = JSON.parse(
  JSON.stringify({
    type: 'transcript.text.done',
    ...toVerboseJson(transcriptionOf([spokenSegment(' one two'), spokenSegment(' three', 3)])),
  }),
)

/** The same, with something else at a place or two, or nothing. */
const damaged = fc.array(fc.tuple(fc.nat(), fc.option(fc.jsonValue())), { maxLength: 3 }).map((changes) => {
  const event = structuredClone(DONE)
  for (const [number, value] of changes) {
    const places = placesOf(event)
    const [holder, key] = places[number % places.length]!
    if (value === null) delete holder[key]
    else holder[key] = value
  }
  return event as unknown
})

type Holder = Record<string, unknown>

function placesOf(value: unknown): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Holder
  return Object.keys(holder).flatMap((key): [Holder, string][] => [[holder, key], ...placesOf(holder[key])])
}

function understand(value: unknown): void {
  try {
    const event = readEvent(value)
    if (event && 'type' in event && event.type === 'transcript.text.done') toTranscription(event, [])
  } catch (error) {
    assert.ok(error instanceof ZodError, String(error))
  }
}

test('the last event of this version is understood', () => {
  const event = readEvent(DONE)
  assert.ok(event && 'type' in event && event.type === 'transcript.text.done')
  assert.equal(toTranscription(event, []).segments.length, 2)
})

test('an event with anything at any place is understood, or refused by its form', () => {
  fc.assert(fc.property(damaged, understand), { numRuns: 1000 })
})

test('any JSON is an event, none of ours, or refused by its form', () => {
  fc.assert(fc.property(fc.jsonValue(), understand), { numRuns: 500 })
})
