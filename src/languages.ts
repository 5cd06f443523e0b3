/** The language that a caller asks for, under any of its names. */

import { LanguageUnknownError } from './errors/index.ts'
import { nameIn } from './language-table.ts'

export { LANGUAGE_CODES } from './language-table.ts'

/** Whisper's codes that are not the usual ones of ISO 639-1. */
const WHISPER_CODE: Readonly<Record<string, string>> = { jv: 'jw', nb: 'no', fil: 'tl', cmn: 'zh' }

/** Names that openai/whisper accepts and that no locale data lists. */
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
}

/** Whether a caller asks for detection, in the place of a language. */
export function isDetectionAsked(language: string): boolean {
  return plain(language) === 'auto'
}

/**
 * The code of a language given by code ("pt", "por", "pt-BR") or by name in English, Portuguese or the language
 * itself ("Portuguese", "português"), in any case and with or without accents.
 *
 * @param available  the codes of the model's language tokens.
 * @throws {LanguageUnknownError} when it is none of them.
 */
export function resolveLanguage(language: string, available: Iterable<string>): string {
  const codes = new Set(available)
  const wanted = plain(language)
  for (const code of [wanted, canonicalCode(wanted), OTHER_NAMES[wanted]]) {
    if (code !== undefined && codes.has(code)) return code
  }
  for (const code of codes) {
    if (namesOf(code).includes(wanted)) return code
  }
  const near = nearNames(wanted, codes)
  const example = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Use a code such as pt or en, or a name.'
  throw new LanguageUnknownError(language, example)
}

/** English names that are at most two letters away from what was asked for, with their codes; at most three. */
function nearNames(wanted: string, codes: ReadonlySet<string>): string[] {
  const found: { readonly distance: number; readonly text: string }[] = []
  for (const code of codes) {
    const distance = Math.min(...namesOf(code).map((name) => editDistance(wanted, name)))
    const [english] = namesOf(code)
    if (distance <= 2 && wanted.length > 3) found.push({ distance, text: `${english} (${code})` })
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

/** "por", "pt_br" and "PT-BR" are all "pt". */
function canonicalCode(text: string): string | undefined {
  try {
    const code = new Intl.Locale(text.replaceAll('_', '-')).language
    return WHISPER_CODE[code] ?? code
  } catch {
    return undefined // not shaped like a language tag: it will be a name
  }
}

function namesOf(code: string): string[] {
  const names = ['en', 'pt', code].map((locale) => {
    try {
      return nameIn(locale, code)
    } catch {
      return undefined
    }
  })
  return names.filter((name) => name !== undefined).map(plain)
}

function plain(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
}
