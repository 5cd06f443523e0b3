import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WhisperTokenizer } from './tokenizer.ts'
import { splitWords } from './words.ts'

/** A tokenizer whose tokens are the given bytes. */
function tokenizerOf(pieces: readonly (string | readonly number[])[]): {
  tokens: number[]
  tokenizer: WhisperTokenizer
} {
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? [...Buffer.from(piece)] : piece))
  const decode = (tokens: readonly number[]) => Buffer.from(tokens.flatMap((token) => bytes[token]!)).toString('utf8')
  return { tokens: pieces.map((_, i) => i), tokenizer: { decode } as WhisperTokenizer }
}

function words(pieces: readonly (string | readonly number[])[], language = 'pt'): string[] {
  const { tokens, tokenizer } = tokenizerOf(pieces)
  return splitWords(tokens, language, tokenizer).map(({ text }) => text)
}

test('pieces of a word are joined, and a space begins the next one', () => {
  assert.deepEqual(words([' Fis', 'iche', 'lla', ' per', 'deu']), [' Fisichella', ' perdeu'])
})

test('punctuation stands with the word before it, opening marks with the word behind', () => {
  assert.deepEqual(words([' Olá', ',', ' mundo', '!', ' “', 'sim', '”', '.']), [' Olá,', ' mundo!', ' “sim”.'])
})

test('a character whose bytes lie in several tokens is one piece', () => {
  const bytes = [...Buffer.from('ção')] // two bytes each for ç and ã
  assert.deepEqual(words([' na', bytes.slice(0, 1), bytes.slice(1, 3), bytes.slice(3)]), [' nação'])
})

test('languages without spaces are split at every character', () => {
  assert.deepEqual(words(['今', '日', 'は', '。'], 'ja'), ['今', '日', 'は。'])
})

/** As GPT-2's pattern cuts a text before byte pairs are merged; letters and marks are then cut further, to characters. */
function cut(text: string): string[] {
  const parts = text.match(/'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu) ?? []
  return parts.flatMap((part) => part.match(/\s*./gsu) ?? [])
}

/** language → texts with a bar where a word begins. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  pt: [
    ' o| primeiro-ministro,| fala-para-texto.| Guarda-chuva',
    ' custa| R$ 3,50| ou| R$3,50,| 10%| ou| 10 %,| 1.000.000| às| 10:30| de| 3.5',
    ' em| https://exemplo.com/a?b=c,d| ou| ana@exemplo.com.br',
    ' casa—|disse| ele...| sim—|não...|talvez —| nunca -| Porto.| - Sim.| — Não',
    ' ...sim,| km/h| e/ou| AT&T',
  ],
  fr: [
    " l'école| d’album| aujourd'hui| qu'il| jusqu’à",
    ' Oui ?| Non !| « Bonjour »| dit-il :| voilà ;| bien',
    ' Oui\u00A0?| Non\u202F!| «\u00A0Bonjour\u00A0»| dit-il\u00A0:| voilà',
    ' 10 000| habitants| et| 1\u202F234\u202F567| à| 10 %| pour| 3,50 €.| Bien',
    ' a-t-il| vu| M.| Dupont| à| 20 °C',
  ],
  it: [" dell'arte| c'è| un| po'| d’acqua"],
  es: [' ¿Qué?| ¡No!| ¿ Cómo ?| sí;| no'],
  de: [' am| 15.| Mai| „Ja“,| sagte| z.| B.| 3,5| Prozent'],
  en: [" rock| 'n'| roll| don't| U.S.| e.g.| 100| 200| Marks| &| Spencer| C++| #1", ' he| said--|no'],
  vi: [' xin| chào| Việt| Nam'],
  ko: [' 안녕하세요.| 저는| iPhone15를| 씁니다'],
  ar: [' كيف| حالك؟| نعم،| لا', ' كيف؟|نعم'],
  ur: [' یہ| ہے۔| وہ'],
  hi: [' यह| है।| और| वह| है॥'],
  hy: [' է։| Ինչո՞ւ| է'],
  am: [' ነው።| እኔ፣| አንተ'],
  el: [' Τι| κάνεις;| Καλά\u037E'],
  ka: [' კი| არა'],
  zh: [
    '我|们|用|Custom| Speech|和|iPhone| 15|的|3.5|倍，|50%。|「你|好」、|他|说|（是）|2024|年|10|月',
    '看|example.com|和|C++|吧',
  ],
  ja: ['きょ|う|は|コー|ヒー。|「は|い。」|時々|Wi-Fi|で|ABC|を'],
  th: [' ส|วั|ส|ดี| Custom| Speech| ค|รั|บ| มา|ก ๆ| ๒๕'],
  km: ['បា|ទ។'],
  my: ['ဟု|တ်။'],
  bo: ['རེ|ད།'],
}

for (const [language, texts] of Object.entries(WORDS)) {
  test(`words of ${language} are what its readers take for words, with their marks`, () => {
    for (const text of texts) assert.equal(words(cut(text.replaceAll('|', '')), language).join('|'), text)
  })
}

test('what a text in another script than the language’s says is split by its own rules', () => {
  assert.deepEqual(words([' Tra', 'ns', 'lated', ' te', 'xt', '.'], 'ja'), [' Translated', ' text.'])
  assert.deepEqual(words([' say', ' 今', '日', 'は'], 'en'), [' say', ' 今', '日', 'は'])
})

test('the words joined are the text and their tokens its tokens, however a text is cut into tokens', () => {
  const text = fc.string({
    unit: fc.constantFrom(
      ...[
        ...' \u00A0.,!?…\'"’«»()¿-—%€$&,。、「」ー',
        ' ',
        ' ',
        'a',
        'É',
        'ß',
        '1',
        '23',
        '今',
        'か',
        'ょ',
        'ก',
        'ำ',
        'é',
        '🙂',
      ],
    ),
    maxLength: 40,
  })
  const places = fc.array(fc.nat({ max: 160 }), { maxLength: 40 })
  const damaged = fc.uint8Array({ maxLength: 4 })
  const language = fc.constantFrom('pt', 'fr', 'ja', 'th', 'en')
  fc.assert(
    fc.property(text, damaged, places, language, (text, damaged, places, language) => {
      const bytes = [...Buffer.from(text), ...damaged]
      const cuts = [0, ...places.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length]
      const pieces = cuts.slice(1).map((end, i) => bytes.slice(cuts[i], end))
      const { tokens, tokenizer } = tokenizerOf(pieces)
      const found = splitWords(tokens, language, tokenizer)
      assert.equal(found.map(({ text }) => text).join(''), tokenizer.decode(tokens))
      assert.deepEqual(
        found.flatMap(({ tokens }) => tokens),
        tokens,
      )
    }),
  )
})
