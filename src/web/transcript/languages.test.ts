import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LANGUAGE_CODES, languageName } from '../../language-table.ts'
import { languageCode, languageLabel } from './languages.ts'

test('every language comes back by the name that the service gives it', () => {
  assert.equal(new Set(LANGUAGE_CODES).size, 100)
  for (const code of LANGUAGE_CODES) assert.equal(languageCode(languageName(code)), code)
  assert.equal(languageCode('klingon'), undefined)
})

test('languages are called as readers call them', () => {
  assert.equal(languageLabel('pt', 'pt-BR'), 'Português')
  assert.equal(languageLabel('pt', 'en'), 'Portuguese')
  assert.equal(languageLabel('jw', 'en'), 'Javanese')
})
