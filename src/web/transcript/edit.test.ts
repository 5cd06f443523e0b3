import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withOriginalText, withSegments, withText } from './edit.ts'
import type { Segment, Transcript } from './transcript.ts'

/** A second for each word, from 10 s on. */
function segment(text: string): Segment {
  const words = text.split(' ').map((word, i) => ({ word, start: 10 + i, end: 11 + i, probability: 0.9 }))
  return { id: 3, start: 10, end: 10 + words.length, text, words, quality: 'ok' }
}

const heard = segment('uma raposa velha não aprende')

test('a word that is replaced passes its time on, and the others keep theirs', () => {
  const edited = withText(heard, 'uma raposa vermelha não aprende')
  assert.equal(edited.text, 'uma raposa vermelha não aprende')
  assert.deepEqual(edited.words[2], { word: 'vermelha', start: 12, end: 13, probability: undefined })
  assert.deepEqual([edited.words[0], edited.words[4]], [heard.words[0], heard.words[4]])
  assert.deepEqual([edited.start, edited.end, edited.quality], [10, 15, 'ok'])
})

test('a word with a blank inside stays known by its parts', () => {
  const words = [
    { word: 'custa', start: 10, end: 11, probability: 0.9 },
    { word: 'R$ 3,50', start: 11, end: 12, probability: 0.8 },
  ]
  const edited = withText({ id: 3, start: 10, end: 12, text: 'custa R$ 3,50', words, quality: 'ok' }, 'Custa R$ 3,50')
  assert.deepEqual(edited.words.slice(1), [
    { word: 'R$', start: 11, end: 11.333, probability: 0.8 },
    { word: '3,50', start: 11.333, end: 12, probability: 0.8 },
  ])
})

test('several words in the place of one share its time by their length', () => {
  const edited = withText(heard, 'uma raposa bem velhinha não aprende')
  assert.deepEqual(
    edited.words.slice(2, 4).map(({ start, end }) => [start, end]),
    [
      [12, 12.273],
      [12.273, 13],
    ],
  )
})

test('times of words never go back, whatever is typed', () => {
  const texts = [
    'x',
    'aprende não velha raposa uma',
    'uma uma uma uma uma uma',
    'e uma raposa velha não aprende nada',
    'é só',
  ]
  for (const text of texts) {
    const { words, start, end } = withText(heard, text)
    assert.equal(words.map(({ word }) => word).join(' '), text)
    let at = start
    for (const word of words) {
      assert.ok(word.start >= at && word.end >= word.start && word.end <= end, `${text}: ${JSON.stringify(words)}`)
      at = word.start
    }
  }
})

test('text that is taken away takes its words with it', () => {
  assert.deepEqual(withText(heard, '  ').words, [])
  assert.equal(withText(heard, ' \n ').text, '')
})

test('the same text is no change, and the old one brings the model’s words back', () => {
  assert.equal(withText(heard, ' uma  raposa velha\nnão aprende '), heard)
  const edited = withText(withText(heard, 'uma'), 'dois')
  assert.deepEqual(edited.original, { text: heard.text, words: heard.words })
  assert.deepEqual(withText(edited, heard.text), heard)
  assert.deepEqual(withOriginalText(edited), heard)
  assert.equal(withOriginalText(heard), heard)
})

test('a word that is typed again as it was heard has its time and its doubt again', () => {
  const twice = withText(withText(heard, 'uma ave velha não aprende'), 'uma raposa velha não aprende nada')
  assert.deepEqual(twice.words[1], heard.words[1])
})

test('a segment without words has none after a change', () => {
  assert.deepEqual(withText({ ...heard, words: [] }, 'novo texto').words, [])
})

test('corrections of different segments do not touch one another', () => {
  const [first, second] = [
    { ...heard, id: 1 },
    { ...heard, id: 2 },
  ]
  const before = { segments: [first, heard, second] } as unknown as Transcript // its other members play no part
  const [a, b] = [withText(first, 'uma'), withText(second, 'duas')]
  assert.deepEqual(withSegments(withSegments(before, new Map([[1, a]])), new Map([[2, b]])).segments, [a, heard, b])
  assert.equal(withSegments(before, new Map()), before)
})
