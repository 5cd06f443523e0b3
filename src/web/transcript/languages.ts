/** Languages by code, and by the English names that the service answers with. */

import { LANGUAGE_CODES, languageName, nameIn } from '../../language-table.ts'

const CODES = new Map(LANGUAGE_CODES.map((code) => [languageName(code), code]))

/** The code of a language that the service names, such as "portuguese"; undefined for one that is not in the list. */
export function languageCode(name: string): string | undefined {
  return CODES.get(name)
}

/** A language's name for readers of another, with a capital: "Português" for `pt` in `pt-BR`. */
export function languageLabel(code: string, locale: string): string {
  const name = nameIn(locale, code)
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1)
}
