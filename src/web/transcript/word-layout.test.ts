import assert from 'node:assert/strict'
import { test } from 'node:test'
import { piecesOf } from './word-layout.ts'

const words = (...texts: string[]) => texts.map((word, i) => ({ word, start: i, end: i + 1, probability: 1 }))
const joined = (pieces: readonly { text: string }[]) => pieces.map(({ text }) => text).join('')

test('words lie in the text with what stands between them', () => {
  const text = 'Uma raposa, uma só.'
  assert.deepEqual(piecesOf({ text, words: words('Uma', 'raposa,', 'uma', 'só.') }), [
    { text: 'Uma', word: 0 },
    { text: ' ', word: undefined },
    { text: 'raposa,', word: 1 },
    { text: ' ', word: undefined },
    { text: 'uma', word: 2 },
    { text: ' ', word: undefined },
    { text: 'só.', word: 3 },
  ])
})

test('text without spaces is taken apart as well', () => {
  assert.deepEqual(
    piecesOf({ text: '今日は晴れ', words: words('今日', 'は', '晴れ') }).map(({ word }) => word),
    [0, 1, 2],
  )
})

test('the pieces are the text, whatever the words are', () => {
  for (const given of [words(), words('not', 'here'), words('só', 'Uma'), words('', ' ')]) {
    assert.equal(joined(piecesOf({ text: 'Uma raposa, uma só.', words: given })), 'Uma raposa, uma só.')
  }
  assert.deepEqual(piecesOf({ text: '', words: words('a') }), [])
})
