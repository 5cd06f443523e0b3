/** Whisper's languages: codes, names, scripts. Free of imports, since the page has it too. */

/**
 * Languages in the order of their token ids, roughly by hours of training; `yue` came with large-v3.
 *
 * @see openai/whisper:whisper/tokenizer.py `LANGUAGES`
 */
export const LANGUAGE_CODES: readonly string[] = (
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml ' +
  'cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am ' +
  'yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'
).split(' ')

/** What a request says in the place of a language that wants it detected, whatever the model's own setting is. */
export const DETECTED = 'auto'

/** Scripts that put no space between words, where windows are joined without one. */
const WITHOUT_SPACES = ['zh', 'yue', 'ja', 'th', 'lo', 'my', 'km', 'bo']

export function isWrittenWithoutSpaces(code: string): boolean {
  return WITHOUT_SPACES.includes(code)
}

/** Where Whisper's English name is not the one of the locale data. */
const WHISPER_NAMES: Readonly<Record<string, string>> = {
  bn: 'bengali',
  mi: 'maori',
  my: 'myanmar',
  nn: 'nynorsk',
  tl: 'tagalog',
}

const ENGLISH = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/**
 * English name in lower case of one of Whisper's language codes: "portuguese" for "pt".
 *
 * @see openai/whisper:whisper/tokenizer.py `LANGUAGES` — same names.
 */
export function languageName(code: string): string {
  return WHISPER_NAMES[code] ?? ENGLISH.of(code)?.toLowerCase() ?? code
}

/**
 * Name of a language in another one: "português" for `pt` in `pt-BR`; the code where the locale data has none.
 *
 * @throws {RangeError} for a locale that is no language tag.
 */
export function nameIn(locale: string, code: string): string {
  const standardCode = code === 'jw' ? 'jv' : code
  return new Intl.DisplayNames(locale, { type: 'language', fallback: 'code' }).of(standardCode) ?? code
}
