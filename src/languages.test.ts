import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LanguageUnknownError } from './errors/index.ts'
import { isDetectionAsked, LANGUAGE_CODES, resolveLanguage } from './languages.ts'

test('a language is known by code, by region, by English, Portuguese and own name, in any case and without accents', () => {
  const spellings = ['pt', 'PT', 'por', 'pt-BR', 'pt_br', 'portuguese', 'Portuguese', 'português', 'Portugues', ' pt ']
  for (const spelling of spellings) assert.equal(resolveLanguage(spelling, LANGUAGE_CODES), 'pt', spelling)
  for (const spelling of ['de', 'alemão', 'German', 'Deutsch', 'deu']) {
    assert.equal(resolveLanguage(spelling, LANGUAGE_CODES), 'de', spelling)
  }
  assert.equal(resolveLanguage('日本語', LANGUAGE_CODES), 'ja')
})

test("Whisper's own names and codes are accepted where they differ from the usual ones", () => {
  assert.equal(resolveLanguage('castilian', LANGUAGE_CODES), 'es')
  assert.equal(resolveLanguage('jw', LANGUAGE_CODES), 'jw')
  assert.equal(resolveLanguage('jv', LANGUAGE_CODES), 'jw')
  assert.equal(resolveLanguage('Javanese', LANGUAGE_CODES), 'jw')
  assert.equal(resolveLanguage('nb', LANGUAGE_CODES), 'no')
})

test('every language that Whisper knows is found by its English name', () => {
  const names = new Intl.DisplayNames('en', { type: 'language' })
  for (const code of LANGUAGE_CODES) {
    assert.equal(resolveLanguage(names.of(code === 'jw' ? 'jv' : code)!, LANGUAGE_CODES), code)
  }
})

test('auto asks for detection, in any case; no language is called so', () => {
  for (const spelling of ['auto', 'AUTO', ' Auto ']) assert.ok(isDetectionAsked(spelling), spelling)
  for (const other of ['', 'automatic', 'detect', 'pt', 'autó nomo']) assert.ok(!isDetectionAsked(other), other)
  assert.throws(() => resolveLanguage('auto', LANGUAGE_CODES), LanguageUnknownError)
})

test('a language that the model does not know is refused by the name that was given', () => {
  assert.throws(() => resolveLanguage('klingon', LANGUAGE_CODES), {
    name: 'LanguageUnknownError',
    message: "Language 'klingon' is not one that this model knows.",
  })
  assert.throws(() => resolveLanguage('pt', ['en']), LanguageUnknownError)
  assert.throws(() => resolveLanguage('', LANGUAGE_CODES), LanguageUnknownError)
  assert.throws(() => resolveLanguage('../../etc', LANGUAGE_CODES), LanguageUnknownError)
})

test('a misspelt name is answered with the near ones', () => {
  for (const [misspelt, meant] of [
    ['portugese', 'portuguese (pt)'],
    ['alemao', undefined],
    ['espanhoul', 'spanish (es)'],
    ['Itailan', 'italian (it)'],
  ] as const) {
    if (meant === undefined) assert.equal(resolveLanguage(misspelt, LANGUAGE_CODES), 'de')
    else {
      const isNear = (error: unknown) => error instanceof LanguageUnknownError && error.remedy.includes(meant)
      assert.throws(() => resolveLanguage(misspelt, LANGUAGE_CODES), isNear, misspelt)
    }
  }
})
