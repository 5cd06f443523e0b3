import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteSymbols } from '../../test/helpers/builders/tokenizer-builder.ts'
import { mergesOfVocabulary, parseMerges, toMerge, type Vocabulary, withFirstMerge } from './byte-pair-merges.ts'

/** The 256 bytes, then these tokens. */
function vocabularyOf(...tokens: string[]): Vocabulary {
  return Object.fromEntries([...byteSymbols(), ...tokens].map((token, id) => [token, id]))
}

test('merges.txt is read with or without its version line, and with either line end', () => {
  const expected = [
    ['Ġ', 't'],
    ['#', '#'],
  ]
  assert.deepEqual(parseMerges('#version: 0.2\nĠ t\n# #\n'), expected)
  assert.deepEqual(parseMerges('Ġ t\r\n# #\r\n'), expected)
})

test('merges of both forms become pairs', () => {
  assert.deepEqual(toMerge('Ġ t'), ['Ġ', 't'])
  assert.deepEqual(toMerge(['Ġ', 't']), ['Ġ', 't'])
})

test('a first merge that was dropped is put back, and only then', () => {
  const vocabulary = vocabularyOf('Ġt', 'Ġa', 'Ġth')
  const whole = [
    ['Ġ', 't'],
    ['Ġ', 'a'],
    ['Ġt', 'h'],
  ] as const
  assert.deepEqual(withFirstMerge(whole.slice(1), vocabulary), whole)
  assert.deepEqual(withFirstMerge(whole, vocabulary), whole)
})

test('a tokenizer without merges, or whose first token is no pair, is left alone', () => {
  assert.deepEqual(withFirstMerge([], vocabularyOf('Ġt')), [])
  const merges = [['a', 'b']] as const
  assert.deepEqual(withFirstMerge(merges, vocabularyOf('Ġthe')), merges)
  assert.deepEqual(withFirstMerge(merges, { a: 0, b: 1 }), merges)
})

test('the merges are found again from the order of a vocabulary', () => {
  // "abab" is the pair of two "ab", and "aba" of "ab" and "a", since "ab" was merged before "ba".
  const vocabulary = vocabularyOf('ab', 'ba', 'abab', 'aba', '<|endoftext|>', 'constructor')
  assert.deepEqual(mergesOfVocabulary(vocabulary, 'vocabulary.txt'), [
    ['a', 'b'],
    ['b', 'a'],
    ['ab', 'ab'],
    ['ab', 'a'],
  ])
})
