import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostRepeats, spokenWords } from './spoken-words.ts'

const words = (text: string) => text.split(' ')

test('words are found in scripts without spaces too', () => {
  assert.deepEqual(spokenWords(['今日は天気がいい', 'ok']).at(-1), 'ok')
  assert.ok(spokenWords(['ご視聴ありがとうございました']).length > 1)
})

test('repetition is counted over the commonest sequence', () => {
  assert.equal(mostRepeats(words('a b c d '.repeat(5)), 4), 5)
  assert.equal(mostRepeats(words('x x x x x x x x'), 4), 5) // overlapping ones count
  assert.equal(mostRepeats(words('a b c'), 4), 0)
})
