/** Languages by the names that Whisper knows them by. */

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
