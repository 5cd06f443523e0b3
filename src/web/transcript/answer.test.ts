import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, type DoneEvent, segmentOf } from './answer.ts'

const told = segmentOf({
  type: 'transcript.text.segment',
  id: 'seg_4',
  start: 1,
  end: 2,
  text: ' uma raposa',
  words: [{ word: ' uma', start: 1, end: 1.4, probability: 0.8 }],
  quality: 'low_confidence',
})
const done: DoneEvent = {
  type: 'transcript.text.done',
  text: 'uma raposa',
  language: 'portuguese',
  language_probability: 0.97,
  duration: 2.5,
  warnings: ['Something.'],
  segments: [{ id: 4, start: 1, end: 2.1, text: ' uma raposa.', quality: 'ok' }],
}

test('a segment is taken as it comes', () => {
  assert.deepEqual(told, {
    id: 4,
    start: 1,
    end: 2,
    text: 'uma raposa',
    words: [{ word: 'uma', start: 1, end: 1.4, probability: 0.8 }],
    quality: 'low_confidence',
  })
})

test('the last event has the last word about a segment, but not about its words', () => {
  const answer = answerOf(done, [told])
  assert.deepEqual(answer.segments, [{ ...told, end: 2.1, text: 'uma raposa.', quality: 'ok' }])
  assert.deepEqual([answer.language, answer.languageProbability, answer.durationSeconds], ['pt', 0.97, 2.5])
  assert.deepEqual(answer.warnings, ['Something.'])
})

test('an answer without the keys that OpenAI’s has not is made of what came on the way', () => {
  const answer = answerOf({ type: 'transcript.text.done', text: 'uma raposa' }, [told])
  assert.deepEqual(answer.segments, [told])
  assert.deepEqual([answer.durationSeconds, answer.language, answer.warnings], [2, undefined, []])
})
