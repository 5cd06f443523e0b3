import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endsSentence } from './sentence-end.ts'

/** The text with a bar behind every word that ends a sentence, its last word aside; pauses in seconds, by the word before them. */
function marked(text: string, pauses: Readonly<Record<string, number>> = {}): string {
  const words = text.split(/(?<!—)(?= )/).map((word) => ({ word }))
  return words
    .map(({ word }, i) => {
      const pause = pauses[word.trim()] ?? 0
      return i < words.length - 1 && endsSentence(words, i, pause) ? `${word} |` : word
    })
    .join('')
}

const WHOLE = [
  'And Mr. John Dashwood and Mrs. Smith',
  'Dr. Jones and Prof. Lee vs. Gov. Brown',
  'o Sr. Silva e a Sra. Souza com a Dra. Lima',
  'la Srta. García y el Lic. Pérez',
  'M. Dupont et Mme. Curie',
  'S. Paulo e a Av. Paulista',
  'J. R. R. Tolkien and George W. Bush',
  'the U.S. President and the U.S. of today',
  'at 5 p.m. Eastern',
  'No. 5 and no. 7, fig. 3, p. 12, art. II',
  'apples, pears, etc. and so on',
  'for example, e.g. This, i.e. That',
  'p. ej. esto, por ej. Madrid, p. ex. Porto',
  'z. B. Autos, z.B. Autos, d. h. Wir, u. a. auch',
  'am 15. Mai und am 3. Oktober',
  'Ludwig XIV. König von Frankreich, im II. Weltkrieg',
  '1. First point',
  '3 Mio. Euro, 5 Mrd. Dollar',
  'los EE. UU. Americanos, en el año 44 a. C. Roma',
  'no séc. XX, no séc. V',
  'Smith et al. (2020)',
  'J.-C. Martin, av. J.-C. Rome',
  'Rs. 500, Rp. 5.000',
  'S.A. Brasil, Cia. Paulista',
  'R$ 1. 500',
  'a 10 km. de distancia',
  'eu... não sei… talvez',
  'т. е. это, т. д. и ул. Ленина, г. Москва',
  'π.χ. Αθήνα',
  'डॉ. शर्मा और श्री. वर्मा',
  'د. أحمد',
  'see example.com. for more',
  '“Why?” he asked',
  'Sim! — disse ele',
  'sair. — disse ele',
]

for (const text of WHOLE) {
  test(`no sentence ends inside “${text}”`, () => assert.equal(marked(text), text))
}

const BROKEN = [
  'Bom dia, Ana. | Eu vou. | Sim! | Não? | Talvez',
  'apples, etc. | Then pears',
  'it was in 1999. | Then they left',
  'Han satte sig. | Jag vet ej. | Sedan är det eng. | Och',
  'en 44 av. J.-C. | Ensuite',
  'he is 15. | She is 16. | They know',
  'lives in the U.S. | The others',
  'this is Vitamin C. | It is',
  'No. | I will not',
  'I love art. | You do',
  'custa 3,50. | Mais 10%. | Mais',
  'a 10 km. | Depois',
  'see example.com. | Then',
  'eu sei... | Mas não',
  'he said “yes.” | (Then he left.) | Nobody',
  'Er ist 15. | Sie ist 16. | Das',
  '«Ah !» | Oui ! | Non',
  '¿Qué? | ¡No! | Sí',
  'Sim. | — Não',
]

for (const text of BROKEN) {
  test(`sentences end where the bars are: “${text}”`, () => assert.equal(marked(text.replaceAll(' |', '')), text))
}

const SCRIPTS = {
  Chinese: '你好。 | 吗？ | 好！ | 今',
  Japanese: '「はい。」 | うん｡ | 今',
  Arabic: 'كيف حالك؟ | نعم. | لا',
  Urdu: 'یہ ہے۔ | وہ',
  Hindi: 'यह है। | वह है॥ | और है| | वह',
  Armenian: 'է։ | Ես եմ: | Նա',
  Amharic: 'ነው። | ነው፧ | እኔ',
  Greek: 'Τι κάνεις; | Καλά\u037E | Ναι; | Όχι',
  Georgian: 'თბილისი. | კი',
  Khmer: 'ទេ។ | បាទ',
  Burmese: 'တယ်။ | ဟုတ်',
  Tibetan: 'རེད། | མ',
  Hebrew: 'שלום. | כן',
  Korean: '네. | 그렇습니다. | 저는',
  Russian: 'Да. | Нет! | А',
}

for (const [script, text] of Object.entries(SCRIPTS)) {
  test(`the marks of ${script} end a sentence`, () => assert.equal(marked(text.replaceAll(' |', '')), text))
}

test('marks that end sentences in one script are plain marks in the others', () => {
  assert.equal(marked('primeiro; segundo: terceiro | quarto'), 'primeiro; segundo: terceiro | quarto')
})

test('a pause decides about a point that may be either, and of a title it says nothing', () => {
  assert.equal(marked('from the U.S. President Obama', { 'U.S.': 0.3 }), 'from the U.S. | President Obama')
  assert.equal(marked('am 15. Mai', { '15.': 0.3 }), 'am 15. | Mai')
  assert.equal(marked('e assim. depois', { 'assim.': 0.3 }), 'e assim. | depois')
  assert.equal(marked('And Mr. Smith, z. B. Autos', { 'Mr.': 0.9, 'z.': 0.9, 'B.': 0.9 }), 'And Mr. Smith, z. B. Autos')
  assert.equal(marked('eu... não', { 'eu...': 0.9 }), 'eu... não')
})

test('a point within what is written together ends nothing, whatever pieces it comes in', () => {
  for (const pieces of [
    [' example.', 'com'],
    [' 3.', '5'],
    [' U.', 'S'],
    [' Sim', '.', '”'],
  ]) {
    const words = pieces.map((word) => ({ word }))
    for (let i = 0; i < words.length - 1; i++) assert.equal(endsSentence(words, i, 0), false, pieces.join('|'))
  }
})

test('the last word of a text ends a sentence if it has a mark for it', () => {
  assert.equal(endsSentence([{ word: ' Mr.' }], 0, 0), true)
  assert.equal(endsSentence([{ word: ' Mr' }], 0, 0), false)
})
