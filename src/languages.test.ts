import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LanguageUnknownError } from './errors/index.ts'
import {
  DETECTED,
  isDetectionAsked,
  LANGUAGE_CODES,
  readLanguage,
  readLanguages,
  resolveLanguage,
} from './languages.ts'

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

/** As clients write them, by the code that is meant. */
const SPELLINGS: Readonly<Record<string, string>> = {
  // ISO 639-2 has two codes for some languages; Matroska's tags have the bibliographic one.
  en: 'eng Language.EN LanguageCode.en-US EN_us en-US-posix <|en|> "en" American_English',
  pt: "por pob pb pt_BR.UTF-8 Language.PT_BR Language.PORTUGUESE 'pt' PT-br por-BRA",
  fr: 'fre fra fr-CA français',
  de: 'ger deu Deutsch de_AT@euro',
  zh: 'chi zho cmn zht zh-Hant-TW zh_CN.GB2312 cmn-Hans-CN zh-HK 中文 简体中文',
  nl: 'dut nld nl-BE Vlaams',
  el: 'gre ell',
  fa: 'per fas prs',
  ro: 'rum ron mo mol',
  sk: 'slo slk',
  cs: 'cze ces',
  is: 'ice isl',
  cy: 'wel cym',
  ms: 'may msa zsm',
  mk: 'mac mkd',
  ka: 'geo kat',
  hy: 'arm hye',
  eu: 'baq eus',
  my: 'bur mya',
  sq: 'alb sqi',
  bo: 'tib bod',
  mi: 'mao mri',
  tl: 'fil tgl tl Filipino',
  no: 'nob nor nb no Norsk',
  nn: 'nno nynorsk',
  yue: 'yue zh-yue yue-Hant-HK Cantonese',
  he: 'iw heb',
  id: 'in ind',
  yi: 'ji yid',
  sr: 'sr-Latn sr_RS@latin scc srp',
  hr: 'scr hrv',
  es: 'spl ea es-419 spa Español',
  jw: 'jv jav jw',
  haw: 'haw',
}

test('a language is known in whatever way a client writes it', () => {
  for (const [code, spellings] of Object.entries(SPELLINGS)) {
    for (const spelling of spellings.split(' ')) {
      assert.equal(readLanguage(spelling.replace('American_E', 'American E')), code, spelling)
    }
  }
  for (const spelling of ['Portuguese (Brazil)', 'Brazilian Portuguese', ' Português (Brasil) ']) {
    assert.equal(readLanguage(spelling), 'pt', spelling)
  }
})

/** In any case, with blanks around them. */
const DETECTING = 'auto automatic auto-detect detect und mul mis zxx null none undefined Language.AUTO "auto" und-Latn'

test('what asks for detection is one and the same afterwards; a blank is a language that is not given', () => {
  for (const word of DETECTING.split(' ')) {
    for (const written of [word, word.toUpperCase(), ` ${word} `]) {
      assert.ok(isDetectionAsked(written), written)
      assert.equal(readLanguage(written), DETECTED, written)
    }
  }
  for (const blank of [undefined, '', '  ', '""']) assert.equal(readLanguage(blank), undefined)
  for (const other of ['', 'automobile', 'pt', 'autó nomo']) assert.ok(!isDetectionAsked(other), other)
  assert.throws(() => resolveLanguage('auto', LANGUAGE_CODES), LanguageUnknownError)
})

test('among candidates such a word restricts nothing', () => {
  assert.deepEqual(readLanguages(['pt-BR', 'por', 'German']), ['pt', 'de'])
  assert.deepEqual(readLanguages(['und', 'pt']), ['pt'])
  assert.equal(readLanguages(['auto', '']), undefined)
})

test('what is no language is refused without a model, by the field and what it may be', () => {
  for (const wrong of ['klingon', 'xx', 'zz', 'pt,en', '../../etc', 'x'.repeat(5000), '__proto__', 'constructor']) {
    assert.throws(
      () => readLanguage(wrong, 'languages'),
      (error) =>
        error instanceof LanguageUnknownError &&
        error.param === 'languages' &&
        /[Ss]et languages to a code such as pt or en, a name such as portuguese, or auto/.test(error.remedy) &&
        error.sentence.length < 300,
      wrong,
    )
  }
})

test('a language that Whisper lacks is left to the model, since a fine-tuned one may have it', () => {
  assert.equal(readLanguage('gsw'), 'gsw')
  assert.equal(resolveLanguage('gsw', [...LANGUAGE_CODES, 'gsw']), 'gsw')
  assert.throws(() => resolveLanguage('gsw', LANGUAGE_CODES), LanguageUnknownError)
})

test('Cantonese is Chinese to a model without it', () => {
  const older = LANGUAGE_CODES.filter((code) => code !== 'yue')
  for (const spelling of ['yue', 'Cantonese', 'zh-yue']) {
    assert.equal(resolveLanguage(spelling, LANGUAGE_CODES), 'yue')
    assert.equal(resolveLanguage(spelling, older), 'zh')
  }
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
