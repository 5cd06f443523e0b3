/** Languages that Whisper knows, by code, and by the English names that the service answers with. */

import { languageName } from '../../transcript/language-name.ts'

/** @see openai/whisper:whisper/tokenizer.py `LANGUAGES` — same codes, in their order: roughly by hours of training. */
export const LANGUAGES = (
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk ' +
  'te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ' +
  'ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'
).split(' ')

const CODES = new Map(LANGUAGES.map((code) => [languageName(code), code]))

/** The code of a language that the service names, such as "portuguese"; undefined for one that is not in the list. */
export function languageCode(name: string): string | undefined {
  return CODES.get(name)
}

/** A language's name for readers of another, with a capital: "Português" for `pt` in `pt-BR`. */
export function languageLabel(code: string, locale: string): string {
  const name =
    new Intl.DisplayNames(locale, { type: 'language', fallback: 'code' }).of(code === 'jw' ? 'jv' : code) ?? code
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1)
}
