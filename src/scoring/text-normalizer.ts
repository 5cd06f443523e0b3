/**
 * Texts as they are compared: what is said counts, how it is written does not. The same for every system.
 *
 * In the spirit of openai/whisper:whisper/normalizers/basic.py: compatibility forms folded (NFKC), lower case,
 * punctuation and symbols turned into spaces. Where this differs, and why:
 * - Accents stay in every language: "é" for "e" is a mistake in Portuguese, which is what this service is for.
 * - Text in brackets stays: "[Music]" over noise is text that was invented, and must be seen as such.
 * - Numbers: a word for 0 to 20 becomes its digits, and "3.061" or "3,061" becomes 3061. Larger numbers stay as they
 *   are written, so that "forty-two" for 42 counts as mistakes, in every system alike. Words that are articles too
 *   ("um", "un", "ein") stay words.
 */

/** Words for 0, 1, 2, …; several for one number are joined by a slash, and none is a dash. */
const NUMBER_WORDS: Readonly<Record<string, string>> = {
  en: 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty',
  pt: 'zero - dois/duas três quatro cinco seis sete oito nove dez onze doze treze catorze/quatorze quinze dezesseis/dezasseis dezessete/dezassete dezoito dezenove/dezanove vinte',
  es: 'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte',
  fr: 'zéro - deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize - - - vingt',
  de: 'null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig',
  it: 'zero - due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove venti',
  sv: 'noll - två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton tjugo',
}

const DIGITS_OF: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  Object.entries(NUMBER_WORDS).map(([language, words]) => [
    language,
    new Map(words.split(' ').flatMap((forms, number) => forms.split('/').map((word) => [word, String(number)]))),
  ]),
)

/** The words of `text` in their compared form, `language` being its code. */
export function normalizeWords(text: string, language: string): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Format}/gu, '') // soft hyphens and joiners are no sound
    .replace(/(?<=\d)[.,](?=\d{3}(?!\d))/g, '') // groups of thousands
    .replace(/[^\p{Letter}\p{Mark}\p{Number}]+/gu, ' ')
    .trim()
  const digits = DIGITS_OF.get(language)
  return plain === '' ? [] : plain.split(' ').map((word) => digits?.get(word) ?? word)
}

/** Characters without the spaces between them. */
export function charactersOf(words: readonly string[]): string[] {
  return Array.from(words.join(''))
}

/** Languages that are scored by characters: their spaces, if any, are a matter of style. */
export function isScoredByCharacters(language: string): boolean {
  return ['zh', 'yue', 'ja', 'ko', 'th', 'lo', 'my', 'km', 'bo'].includes(language)
}
