import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { TextChangedError } from '../errors/index.ts'
import type { Segment } from '../transcript/index.ts'
import { ToldOnce } from './told-once.ts'

function listen() {
  const segments: Segment[] = []
  const progress: number[] = []
  const errors: unknown[] = []
  const told = new ToldOnce(
    { onSegments: (added) => void segments.push(...added), onProgress: (seconds) => void progress.push(seconds) },
    (error) => void errors.push(error),
  )
  return { told, segments, progress, errors }
}

const spoken = (text: string, id: number): Segment => transcriptionOf([{ id, text }]).segments[0]!

test('however often work begins again, and wherever it breaks off, each segment is told once and in order', () => {
  const property = fc.property(
    fc.array(fc.string(), { maxLength: 12 }),
    fc.array(fc.tuple(fc.nat({ max: 12 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 4 }),
    (texts, attempts) => {
      const whole = texts.map(spoken)
      const { told, segments, errors } = listen()
      for (const [until, atOnce] of [...attempts, [whole.length, 1] as const]) {
        for (let i = 0; i < Math.min(until, whole.length); i += atOnce) told.onSegments(whole.slice(i, i + atOnce))
      }
      assert.deepEqual(segments, whole)
      assert.deepEqual(errors, [])
      told.check({ segments: whole })
    },
  )
  fc.assert(property, { seed: 1 })
})

test('another text than the one that was told ends it, once, and nothing more is told', () => {
  const { told, segments, errors } = listen()
  told.onSegments([spoken(' um', 0), spoken(' dois', 1)])
  told.onSegments([spoken(' um', 0)])
  told.onSegments([spoken(' doze', 1)])
  told.onSegments([spoken(' três', 2)])
  assert.deepEqual(
    segments.map(({ text }) => text),
    [' um', ' dois'],
  )
  assert.equal(errors.length, 1)
  assert.ok(errors[0] instanceof TextChangedError)
})

test('what nobody has yet is told anew from where it is another', () => {
  const segments: Segment[] = []
  const told = new ToldOnce(
    {
      onSegments: (added) => void segments.push(...added),
      takeBack: (fromId) => segments.splice(fromId) !== undefined,
    },
    assert.fail,
  )
  told.onSegments([spoken(' um', 0), spoken(' dois', 1), spoken(' três', 2)])
  told.onSegments([spoken(' um', 0), spoken(' doze', 1)])
  told.onSegments([spoken(' treze', 2), spoken(' catorze', 3)])
  const texts = () => segments.map(({ text }) => text).join('')
  assert.equal(texts(), ' um doze treze catorze')
  told.check({ segments: segments.slice(0, 1) })
  assert.equal(texts(), ' um')
})

test('a result that lacks what was told is none', () => {
  const { told } = listen()
  told.onSegments([spoken(' um', 0), spoken(' dois', 1)])
  assert.throws(() => told.check({ segments: [spoken(' um', 0)] }), TextChangedError)
})

test('progress goes on where it was', () => {
  const { told, progress } = listen()
  for (const seconds of [10, 20, 5, 15, 25]) told.onProgress(seconds)
  assert.deepEqual(progress, [10, 20, 25])
})
