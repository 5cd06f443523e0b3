import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LANGUAGE_CODES } from '../language-table.ts'
import { checkLanguages, substitutionWarnings } from './model-languages.ts'

const OLDER = LANGUAGE_CODES.filter((code) => code !== 'yue')
const NO_LANGUAGE = { language: undefined, defaultLanguage: undefined }

test('a language that another stands for is told, and no other', () => {
  assert.deepEqual(substitutionWarnings('yue', 'zh'), [
    "The model does not know the language 'yue', so 'zh' was written.",
  ])
  for (const [asked, code] of [
    ['Portuguese', 'pt'],
    ['auto', undefined],
    ['auto', 'en'],
    [undefined, 'pt'],
    ['yue', 'yue'],
  ]) {
    assert.deepEqual(substitutionWarnings(asked, code), [], asked)
  }
})

test('what a model cannot do is told by the codes of its languages alone', () => {
  for (const language of [undefined, 'auto', 'pt', 'yue']) checkLanguages(OLDER, NO_LANGUAGE, language, {})
  assert.throws(() => checkLanguages(OLDER, NO_LANGUAGE, 'gsw', {}), { code: 'ASR_LANGUAGE_UNKNOWN' })
  assert.throws(() => checkLanguages([], NO_LANGUAGE, 'pt', {}), { code: 'ASR_LANGUAGE_UNKNOWN' })
  assert.throws(() => checkLanguages([], NO_LANGUAGE, undefined, { multilingual: true }), {
    code: 'ASR_OPTION_INVALID',
  })
  checkLanguages([], NO_LANGUAGE, 'en-GB', { task: 'transcribe' })
})
