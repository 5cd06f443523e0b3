import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { columnsOf } from './columns.ts'
import { subtitleCues } from './subtitle-cues.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import type { Segment } from './transcription.ts'

function texts(segments: readonly Partial<Segment>[], options: SubtitleOptions): string[] {
  return subtitleCues(transcriptionOf(segments).segments, 0, options).map(({ text }) => text)
}

const SENTENCE = ' one two three four five six'

test('a width alone breaks lines and leaves each segment one cue', () => {
  assert.deepEqual(texts([spokenSegment(SENTENCE), spokenSegment(' seven', 3)], { maxLineWidth: 13 }), [
    'one two three\nfour five six',
    'seven',
  ])
})

test('a width and a count fill cues across segments, from the first word to a little behind the last one', () => {
  const { segments } = transcriptionOf([spokenSegment(SENTENCE), spokenSegment(' seven eight', 3)])

  assert.deepEqual(subtitleCues(segments, 0, { maxLineWidth: 11, maxLineCount: 2 }), [
    { startMs: 0, endMs: 1916, text: 'one two\nthree four', highlight: undefined },
    { startMs: 2000, endMs: 4200, text: 'five six\nseven eight', highlight: undefined },
  ])
})

test('a long pause ends a cue that has room left', () => {
  const segments = [spokenSegment(' before'), spokenSegment(' soon', 3), spokenSegment(' after', 6.1)]

  assert.deepEqual(texts(segments, { maxLineWidth: 80, maxLineCount: 2 }), ['before soon', 'after'])
})

test('a word limit makes cues of so many words, never across segments', () => {
  assert.deepEqual(texts([spokenSegment(SENTENCE), spokenSegment(' seven eight', 3)], { maxWordsPerLine: 4 }), [
    'one two three four',
    'five six',
    'seven eight',
  ])
})

test('a word that is wider than a line keeps a line to itself', () => {
  assert.deepEqual(texts([spokenSegment(' an unbreakable word')], { maxLineWidth: 6 }), ['an\nunbreakable\nword'])
})

test('characters outside of the basic plane count once', () => {
  assert.deepEqual(texts([spokenSegment(' 𝒶𝒷 𝒸𝒹')], { maxLineWidth: 5 }), ['𝒶𝒷 𝒸𝒹'])
})

test('segments that begin without a space are joined with one, unless no word has one', () => {
  const flowing = { maxLineWidth: 20, maxLineCount: 1 }
  const characters = (text: string, start: number) => ({
    text,
    words: [...text].map((word) => ({ start, end: start + 0.5, word, probability: 1 })),
  })

  assert.deepEqual(texts([spokenSegment('one two'), spokenSegment('three', 1)], flowing), ['one two three'])
  assert.deepEqual(texts([characters('今日は', 0), characters('晴れ', 2)], flowing), ['今日は晴れ'])
})

test('words of a segment without alignment share its time', () => {
  assert.deepEqual(
    texts([{ text: ' no times here', words: [] }, spokenSegment(' one two', 1)], { maxWordsPerLine: 1 }),
    ['no', 'times', 'here', 'one', 'two'],
  )
})

test('each word is highlighted while it is spoken, and none in the pauses', () => {
  const words = [
    { start: 1, end: 1.5, word: ' one', probability: 1 },
    { start: 2, end: 2.5, word: ' two', probability: 1 },
    { start: 2.5, end: 3, word: ' ten', probability: 1 },
  ]
  const { segments } = transcriptionOf([{ start: 0, end: 4, text: ' one two ten', words }])

  const text = 'one two\nten'
  assert.deepEqual(subtitleCues(segments, 0, { maxLineWidth: 8, highlightWords: true }), [
    { startMs: 1000, endMs: 1500, text, highlight: [0, 3] },
    { startMs: 1500, endMs: 2000, text, highlight: undefined },
    { startMs: 2000, endMs: 2500, text, highlight: [4, 7] },
    { startMs: 2500, endMs: 3000, text, highlight: [8, 11] },
  ])
})

test('a wide character counts twice, Latin words stay whole, and no line begins with a mark or a small kana', () => {
  const characters = (text: string) => ({
    text,
    end: 5,
    words: [...text].map((word, i) => ({ start: i / 10, end: (i + 1) / 10, word, probability: 1 })),
  })
  const text = 'カスタムスピーチのCustom Speechっていう、「スポーツ」です。'
  for (const maxLineWidth of [4, 7, 10, 13, 16, 20]) {
    const lines = texts([characters(text)], { maxLineWidth }).flatMap((cue) => cue.split('\n'))
    assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''))
    for (const line of lines) {
      assert.doesNotMatch(line, /^[。、」ーっッャュョぁァ]/u)
      assert.doesNotMatch(line, /「$/)
      // Marks and small kana hang on to what they follow, however narrow the lines are.
      if (maxLineWidth >= 10) assert.ok(columnsOf(line) <= maxLineWidth || /^\w+$/.test(line), line)
    }
    assert.ok(lines.some((line) => line.includes('Custom')) && lines.some((line) => line.includes('Speech')))
  }
})

test('marks that speech puts apart stay with their word', () => {
  const words = [
    ' l',
    "'école",
    ' coûte',
    ' 3',
    '.5',
    ' euros',
    ' ?',
    ' «',
    ' Non',
    ' »',
    ' !',
    ' primeiro',
    '-ministro',
  ]
  const segment = {
    text: words.join(''),
    end: 7,
    words: words.map((word, i) => ({ start: i / 2, end: (i + 1) / 2, word, probability: 1 })),
  }
  assert.deepEqual(texts([segment], { maxWordsPerLine: 1 }), [
    "l'école",
    'coûte',
    '3.5',
    'euros ?',
    '« Non » !',
    'primeiro-ministro',
  ])
})
