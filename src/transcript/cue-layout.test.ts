import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { laidOutCues } from './cue-layout.ts'
import type { SubtitleOptions } from './subtitle-options.ts'
import type { Segment } from './transcription.ts'

function texts(segments: readonly Partial<Segment>[], options: SubtitleOptions): string[] {
  return laidOutCues(transcriptionOf(segments).segments, options).map(({ text }) => text)
}

const SENTENCE = ' one two three four five six'

test('a width alone breaks lines and leaves each segment one cue', () => {
  assert.deepEqual(texts([spokenSegment(SENTENCE), spokenSegment(' seven', 3)], { maxLineWidth: 13 }), [
    'one two three\nfour five six',
    'seven',
  ])
})

test('a width and a count fill cues across segments, with times of the first and last word', () => {
  const { segments } = transcriptionOf([spokenSegment(SENTENCE), spokenSegment(' seven eight', 3)])

  assert.deepEqual(laidOutCues(segments, { maxLineWidth: 11, maxLineCount: 2 }), [
    { startMs: 0, endMs: 2000, text: 'one two\nthree four', highlight: undefined },
    { startMs: 2000, endMs: 4000, text: 'five six\nseven eight', highlight: undefined },
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

test('a segment without alignment stays as one piece', () => {
  assert.deepEqual(
    texts([{ text: ' no times here', words: [] }, spokenSegment(' one two', 1)], { maxWordsPerLine: 1 }),
    ['no times here', 'one', 'two'],
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
  assert.deepEqual(laidOutCues(segments, { maxLineWidth: 8, highlightWords: true }), [
    { startMs: 1000, endMs: 1500, text, highlight: [0, 3] },
    { startMs: 1500, endMs: 2000, text, highlight: undefined },
    { startMs: 2000, endMs: 2500, text, highlight: [4, 7] },
    { startMs: 2500, endMs: 3000, text, highlight: [8, 11] },
  ])
})
