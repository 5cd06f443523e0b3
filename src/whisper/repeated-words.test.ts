import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repetitionOf } from './repeated-words.ts'

/** Words that begin at these seconds, each up to the next; the last number is the end. */
function spoken(words: readonly string[], borders: readonly number[]) {
  return words.map((word, i) => ({ word, tokens: [i], start: borders[i]!, end: borders[i + 1]! }))
}

function heard(words: readonly string[], borders: readonly number[], speech = [{ start: 0, end: 30 }]): string {
  const { isHeard } = repetitionOf(spoken(words, borders), speech)
  return words.filter((_, i) => isHeard[i]).join('')
}

const times = (word: string, n: number) => Array.from({ length: n }, () => word)

test('rounds that have a stretch of sound each stay, whatever their case and marks', () => {
  const words = [' Não,', ' não,', ' não', '!', ' NÃO', '.', ' Digo', ' eu.']
  const borders = [0, 0.3, 0.7, 0.9, 1, 1.4, 1.5, 1.9, 2.3]
  assert.equal(heard(words, borders), words.join(''))
  const { nRounds, nHeard, isRepeated } = repetitionOf(spoken(words, borders), [{ start: 0, end: 2.3 }])
  assert.deepEqual({ nRounds, nHeard }, { nRounds: 4, nHeard: 4 })
  assert.deepEqual(isRepeated, [false, true, true, true, true, true, false, false])
})

test('rounds of a loop, which have no sound of their own, go', () => {
  const borders = [0, 0.5, 1, 1.5, 2, 2.5, 2.52, 2.52, 2.52, 2.54, 2.6]
  assert.equal(heard(times(' five', 10), borders), ' five'.repeat(5))
})

test('pauses tell how many words there were, where alignment puts borders into the middle of words', () => {
  const speech = Array.from({ length: 6 }, (_, i) => ({ start: i * 0.64, end: i * 0.64 + 0.3 }))
  const borders = [0, 0.3, 1.1, 1.68, 2.36, 2.8, 3.1, 3.36, 3.5]
  assert.equal(heard(times(' son', 8), borders, speech), ' son'.repeat(6))
  assert.equal(heard(times(' son', 6), [0, 0.3, 1.1, 1.68, 2.36, 3.2, 3.5], speech), ' son'.repeat(6))
})

test('of a phrase of several words whole rounds go or stay', () => {
  const words = Array.from({ length: 5 }, () => [' la', ' vie', ' rose']).flat()
  const borders = words.map((_, i) => (i < 12 ? i * 0.4 : 4.8 + (i - 12) * 0.01))
  assert.equal(heard(words, [...borders, 4.84]), ' la vie rose'.repeat(4))
})

test('three rounds are not doubted, and what repeats nothing is left alone', () => {
  assert.equal(heard(times(' ja', 3), [0, 0.5, 0.5, 0.5]), ' ja'.repeat(3))
  assert.equal(repetitionOf(spoken([' a', ' b', ' c', ' d'], [0, 1, 1, 1, 2]), [{ start: 0, end: 2 }]).nRounds, 0)
})

test('a loop over no sound at all keeps its first round', () => {
  assert.equal(heard(times(' you', 6), [1, 1, 1, 1, 1, 1, 1]), ' you')
})
