import assert from 'node:assert/strict'
import { test } from 'node:test'
import { charactersOf, isScoredByCharacters, normalizeWords } from './text-normalizer.ts'

test('case, punctuation and symbols do not count', () => {
  assert.deepEqual(normalizeWords(' «Ask NOT», what – your country… 100%!', 'en'), [
    ...['ask', 'not', 'what', 'your', 'country', '100'],
  ])
})

test('accents count, however they are encoded', () => {
  assert.deepEqual(normalizeWords('ação', 'pt'), normalizeWords('AC\u0327A\u0303O', 'pt'))
  assert.notDeepEqual(normalizeWords('ação', 'pt'), normalizeWords('acao', 'pt'))
})

test('a vowel sign that only combines stays with its letter', () => {
  assert.deepEqual(normalizeWords('हिन्दी', 'hi'), ['हिन्दी'])
})

test('hyphens and apostrophes separate, soft hyphens do not', () => {
  assert.deepEqual(normalizeWords("primeiro-ministro, l'eau, Was\u00ADser", 'pt'), [
    ...['primeiro', 'ministro', 'l', 'eau', 'wasser'],
  ])
})

test('number words up to twenty are their digits, in the language that is spoken', () => {
  assert.deepEqual(normalizeWords('One, two; TWENTY', 'en'), ['1', '2', '20'])
  assert.deepEqual(normalizeWords('duas dezesseis', 'pt'), ['2', '16'])
  assert.deepEqual(normalizeWords('once upon a time', 'en'), ['once', 'upon', 'a', 'time'])
  assert.deepEqual(normalizeWords('once', 'es'), ['11'])
})

test('an article is not a number', () => {
  assert.deepEqual(normalizeWords('um uma un une ein', 'pt'), ['um', 'uma', 'un', 'une', 'ein'])
})

test('groups of thousands are one number; other separators part two', () => {
  assert.deepEqual(normalizeWords('3.061 and 1,234,567 and 3:2 and 2.5', 'de'), [
    ...['3061', 'and', '1234567', 'and', '3', '2', 'and', '2', '5'],
  ])
})

test('a text without letters has no words', () => {
  assert.deepEqual(normalizeWords(' … ♪ ', 'en'), [])
  assert.deepEqual(normalizeWords('[Music]', 'en'), ['music']) // but a caption of a sound is invented text
})

test('characters are code points without spaces', () => {
  assert.deepEqual(charactersOf(['橋下', '𠮷', '15']), ['橋', '下', '𠮷', '1', '5'])
  assert.ok(isScoredByCharacters('ja') && isScoredByCharacters('ko') && !isScoredByCharacters('pt'))
})
