/** The language that a caller asks for, under any of its names. */

import { LanguageUnknownError } from './errors/index.ts'
import { DETECTED, LANGUAGE_CODES, languageName, nameIn } from './language-table.ts'

export { DETECTED, LANGUAGE_CODES } from './language-table.ts'

/**
 * Words by which clients ask for it: their own (`auto`), those of ISO 639-2 for what has no language of its own (`und`,
 * `mul`, `mis`, `zxx`), and what programming languages write for a value that is not there.
 */
const DETECTION_WORDS: readonly string[] = [
  ...[DETECTED, 'automatic', 'automatico', 'auto-detect', 'auto detect', 'autodetect', 'detect', 'detectar', 'unknown'],
  ...['und', 'mul', 'multi', 'mis', 'zxx'],
  ...['null', 'none', 'nil', 'undefined'],
]

/** Whisper's codes that are not the usual ones of ISO 639-1, and languages that are written like one of Whisper's. */
const WHISPER_CODE: Readonly<Record<string, string>> = { jv: 'jw', nb: 'no', fil: 'tl' }

/** Codes of subtitle programs and older lists, which no locale data has. */
const OTHER_CODES: Readonly<Record<string, string>> = {
  ...{ pob: 'pt', pb: 'pt' }, // Brazilian Portuguese
  ...{ zht: 'zh', zt: 'zh', zhe: 'zh', 'zh-cmn': 'zh' },
  'zh-yue': 'yue',
  ...{ spl: 'es', ea: 'es' }, // Latin American Spanish
}

/** For a language that came with a later vocabulary: what a model without it makes of its speech. */
const SUBSTITUTES: Readonly<Record<string, string>> = { yue: 'zh' }

/** Varieties that have names of their own, such as "Brazilian Portuguese" and "简体中文". */
const VARIETIES: Readonly<Record<string, readonly string[]>> = {
  en: ['en-US', 'en-GB', 'en-AU', 'en-CA'],
  pt: ['pt-BR', 'pt-PT'],
  zh: ['cmn', 'zh-Hans', 'zh-Hant'],
  es: ['es-ES', 'es-419', 'es-MX'],
  fr: ['fr-CA', 'fr-CH'],
  de: ['de-AT', 'de-CH'],
  nl: ['nl-BE'],
  fa: ['fa-AF'],
  no: ['nb'],
  ro: ['ro-MD'],
}

/** Names that openai/whisper accepts and others that people write, where no locale data lists them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  burmese: 'my',
  valencian: 'ca',
  flemish: 'nl',
  haitian: 'ht',
  letzeburgesch: 'lb',
  pushto: 'ps',
  panjabi: 'pa',
  moldavian: 'ro',
  moldovan: 'ro',
  sinhalese: 'si',
  castilian: 'es',
  mandarin: 'zh',
  javanese: 'jw',
  tagalog: 'tl',
  farsi: 'fa',
  slovene: 'sl',
  'modern greek': 'el',
}

/** A longer text is no name of a language. */
const LONGEST_NAME = 100

/** Whether a caller asks for detection, in the place of a language. */
export function isDetectionAsked(language: string): boolean {
  const wanted = plain(language)
  const tag = tagOf(wanted)
  return [wanted, tag, tag.split('-', 1)[0]!].some((word) => DETECTION_WORDS.includes(word)) // of a text there is a first part
}

/**
 * What a caller has written for a language, as far as that can be told without a model.
 *
 * @param field  the field that it stands in, for the refusal.
 * @returns      Whisper's code, or that of a language which Whisper's own models lack; `DETECTED`; undefined for a blank.
 * @throws {LanguageUnknownError} for what is no language.
 */
export function readLanguage(given: string | undefined, field = 'language'): string | undefined {
  if (given === undefined || plain(given) === '') return undefined
  if (isDetectionAsked(given)) return DETECTED
  const code = codeAnywhere(given)
  if (code === undefined) throw unknownLanguage(given, LANGUAGE_CODES, field)
  return code
}

/** Whether `readLanguage` takes it. */
export function isLanguage(given: string): boolean {
  return plain(given) === '' || isDetectionAsked(given) || codeAnywhere(given) !== undefined
}

/**
 * The languages that detection is to choose among, by their codes; undefined where those that are given leave it free.
 *
 * @throws {LanguageUnknownError} for one that is none.
 */
export function readLanguages(given: readonly string[]): readonly string[] | undefined {
  const codes = given.map((language) => readLanguage(language, 'languages'))
  const named = codes.filter((code) => code !== undefined && code !== DETECTED)
  return named.length > 0 ? [...new Set(named as string[])] : undefined
}

/**
 * The code of a language given by code ("pt", "por", "pt-BR") or by name in English, Portuguese or the language
 * itself ("Portuguese", "português"), in any case and with or without accents. Cantonese is Chinese to a model that
 * lacks it.
 *
 * @param available  the codes of the model's language tokens.
 * @throws {LanguageUnknownError} when it is none of them.
 */
export function resolveLanguage(language: string, available: Iterable<string>, field = 'language'): string {
  const codes = new Set(available)
  const code = codeAmong(codes, language)
  if (code !== undefined) return code
  const substitute = SUBSTITUTES[codeAmong(new Set(LANGUAGE_CODES), language) ?? '']
  if (substitute !== undefined && codes.has(substitute)) return substitute
  throw unknownLanguage(language, codes, field)
}

function codeAmong(codes: ReadonlySet<string>, language: string): string | undefined {
  const wanted = plain(language)
  if (wanted.length > LONGEST_NAME) return undefined
  const tag = tagOf(wanted)
  for (const code of [tag, OTHER_CODES[tag], canonicalCode(tag), OTHER_NAMES[wanted]]) {
    if (code !== undefined && codes.has(code)) return code
  }
  const names = [wanted, tag, wanted.replace(/\s*[(（].*[)）]$/, '')] // "Portuguese (Brazil)"
  for (const code of codes) {
    if (namesOf(code).some((name) => names.includes(name))) return code
  }
  return undefined
}

/** Whisper's code, or that of a language which only the locale data knows; a fine-tuned model may know it too. */
function codeAnywhere(language: string): string | undefined {
  const known = codeAmong(new Set(LANGUAGE_CODES), language)
  if (known !== undefined) return known
  const code = canonicalCode(tagOf(plain(language)))
  const name = code && new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }).of(code)
  return name === undefined ? undefined : code
}

function unknownLanguage(language: string, codes: Iterable<string>, field: string): LanguageUnknownError {
  const near = nearNames(plain(language), codes)
  const question = near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''
  const allowed = `Set ${field} to a code such as pt or en, a name such as portuguese, or auto.`
  return new LanguageUnknownError(language, question + allowed, field)
}

/** English names that are at most two letters away from what was asked for, with their codes; at most three. */
function nearNames(wanted: string, codes: Iterable<string>): string[] {
  if (wanted.length <= 3 || wanted.length > LONGEST_NAME) return []
  const found: { readonly distance: number; readonly text: string }[] = []
  for (const code of codes) {
    const [english, ...others] = namesOf(code)
    const distance = Math.min(...[english!, ...others].map((name) => editDistance(wanted, name))) // the code at least
    if (distance <= 2) found.push({ distance, text: `${english} (${code})` })
  }
  found.sort((a, b) => a.distance - b.distance)
  return found.slice(0, 3).map(({ text }) => text)
}

/** Letters to insert, delete or change (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Without what surrounds a tag in programs (`Language.PT`, `<|pt|>`) and in an environment (`pt_BR.UTF-8`, `sr@latin`). */
function tagOf(plainText: string): string {
  const bare = plainText
    .replace(/^[a-z_]*lang(?:uage)?[a-z_]*\./, '')
    .replace(/^<\|(.*)\|>$/, '$1')
    .replace(/[.@].*$/, '')
  return bare.replaceAll('_', '-')
}

/** "por" and "pt-br" are both "pt". */
function canonicalCode(tag: string): string | undefined {
  if (!/^[a-z]{2,3}(?:-[a-z0-9]{1,8})*$/.test(tag)) return undefined // it will be a name
  const { language } = new Intl.Locale(tag.split('-', 1)[0]!)
  return WHISPER_CODE[language] ?? language
}

/** Names are made anew by no request: to make them takes a while. */
const NAMES = new Map<string, readonly string[]>()

/** The English name first. */
function namesOf(code: string): readonly string[] {
  const known = NAMES.get(code)
  if (known) return known
  const tags = [code, ...(VARIETIES[code] ?? [])]
  const names = tags.flatMap((tag) => ['en', 'pt', tag].map((locale) => nameOrNone(locale, tag)))
  const found = [...names, languageName(code)].filter((name) => name !== undefined).map(plain)
  NAMES.set(code, found)
  return found
}

function nameOrNone(locale: string, tag: string): string | undefined {
  try {
    return nameIn(locale, tag)
  } catch {
    return undefined
  }
}

/** In lower case, without accents, and without the quotes in which some clients leave a text. */
function plain(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
}
