/** Languages by any name that a caller may use, down to the codes of Whisper's language tokens. */

import { LanguageUnknownError } from '../errors.ts'

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
  throw new LanguageUnknownError(language, 'Use a code such as pt or en, or a name such as portuguese.')
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
      return new Intl.DisplayNames(locale, { type: 'language' }).of(code === 'jw' ? 'jv' : code)
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

/** True for scripts that put no space between words, where windows are joined without one. */
export function isWrittenWithoutSpaces(language: string): boolean {
  return ['zh', 'yue', 'ja', 'th', 'lo', 'my', 'km', 'bo'].includes(language)
}
