import assert from 'node:assert/strict'
import { test } from 'node:test'
import { balancedLines } from './balanced-lines.ts'
import { unbreakable } from './line-breaks.ts'
import { lineText, shownWords } from './shown-words.ts'

function pieces(text: string): string[] {
  return unbreakable(text, 42).map(({ from, to }) => text.slice(from, to))
}

function lines(text: string, language: string, maxColumns = 42): string[] {
  return balancedLines(shownWords([{ start: 0, end: 5, text, language }], maxColumns), maxColumns).map(lineText)
}

for (const [text, expected] of [
  ['um  dois\u00a0três', ['um', 'dois\u00a0três']],
  ['Vraiment ? « Oui » !', ['Vraiment ?', '« Oui » !']],
  ['R$ 15 e 15 €, 50 %', ['R$', '15', 'e', '15 €,', '50 %']],
  ['Guerra – e paz', ['Guerra –', 'e', 'paz']],
  ['Sim. – Não.', ['Sim.', '– Não.']],
  ['今日は、晴れです。', ['今日', 'は、', '晴れ', 'です。']],
  ['「スポーツ」って。', ['「スポーツ」って。']],
  ['2030年3月', ['2030年', '3月']],
  ['ภาษาไทยง่าย', ['ภาษา', 'ไทย', 'ง่าย']],
  ['用 iPhone15 打电话', ['用', 'iPhone15', '打电话']],
  ['', []],
  ['  \u00a0 ', []],
] as const) {
  test(`parts of ${JSON.stringify(text)} between which a line may end`, () => {
    assert.deepEqual(pieces(text), expected)
  })
}

for (const [language, ...expected] of [
  ['en', 'We went to the market,', 'where we bought bread and olives.'],
  ['en', 'She gave the keys of the house', 'to the man who lived next door.'],
  ['pt', 'Uma raposa velha', 'não consegue aprender nenhum ofício.'],
  ['de', 'Er hat das alte Haus am Ende', 'der Straße an seine Schwester verkauft.'],
  ['fr', 'Chaque projet est propre', 'à un domaine et à un pays-langue.'],
  ['ja', 'マイクロソフトの', 'ベースラインの音声変換モデル、'],
  ['xx', 'Nenhuma lista desta língua, mas marcas', 'e larguras iguais nas duas linhas.'],
] as const) {
  test(`two lines in ${language}: ${expected[0]}`, () => {
    assert.deepEqual(lines(expected.join(language === 'ja' ? '' : ' '), language), expected)
  })
}

test('text that fits is one line, and one that fits nowhere has lines of single words', () => {
  assert.deepEqual(lines('Exactly forty-two columns are in this line', 'en'), [
    'Exactly forty-two columns are in this line',
  ])
  assert.deepEqual(lines('an unbreakable thing', 'en', 3), ['an', 'unbreakable', 'thing'])
})
