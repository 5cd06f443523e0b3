import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addErrors, countErrors, errorRate, NO_ERRORS } from './word-errors.ts'

const words = (text: string) => text.split(' ').filter((word) => word !== '')
const count = (reference: string, hypothesis: string) => countErrors(words(reference), words(hypothesis))

test('a text equals itself', () => {
  assert.deepEqual(count('a b c', 'a b c'), { ...NO_ERRORS, total: 3 })
})

test('planted mistakes are found, each as what it is', () => {
  assert.deepEqual(count('the cat sat on the mat', 'the bat sat the mat today'), {
    substitutions: 1,
    deletions: 1,
    insertions: 1,
    total: 6,
  })
})

test('against nothing every unit is missing, and from nothing every unit is invented', () => {
  assert.deepEqual(count('a b', ''), { ...NO_ERRORS, deletions: 2, total: 2 })
  assert.deepEqual(count('', 'a b'), { ...NO_ERRORS, insertions: 2 })
})

test('exchanging the two texts exchanges what is missing and what is invented', () => {
  const [a, b] = ['x a b c d q', 'a b e d q q r']
  const [forth, back] = [count(a, b), count(b, a)]
  assert.equal(forth.substitutions, back.substitutions)
  assert.equal(forth.deletions, back.insertions)
  assert.equal(forth.insertions, back.deletions)
})

test('the rate of a sum weighs each clip by its length', () => {
  const sum = addErrors(count('a', 'b'), count('a b c d e f g h i', 'a b c d e f g h i'))
  assert.equal(errorRate(sum), 0.1)
})

test('there is no rate without a reference', () => {
  assert.equal(errorRate(count('', 'a')), undefined)
})
