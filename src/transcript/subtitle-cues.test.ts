import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment } from '../../test/helpers/builders/transcriptions.ts'
import type { SpokenSegment } from './shown-words.ts'
import { subtitleCues } from './subtitle-cues.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'

/** Words of `secondsPerWord`, from `start` on. */
const said = (text: string, start: number, secondsPerWord = 0.3): SpokenSegment =>
  spokenSegment(` ${text}`, start, secondsPerWord) as SpokenSegment

function cuesOf(
  segments: readonly SpokenSegment[],
  { durationSeconds = 0, ...options }: SubtitleOptions & { durationSeconds?: number } = {},
) {
  return subtitleCues(segments, durationSeconds, options).map(({ startMs, endMs, text }) => [startMs, endMs, text])
}

test('a long sentence is cut at its marks, and each part stays until the next one', () => {
  const sentence =
    'When the rain had stopped at last, the children ran out into the garden, and nobody could have kept them in the house.'
  assert.deepEqual(cuesOf([said(sentence, 0, 0.35)]), [
    [0, 4816, 'When the rain had stopped at last,\nthe children ran out into the garden,'],
    [4900, 8250, 'and nobody could have kept them\nin the house.'],
  ])
})

test('a word alone stays a second where there is room, and joins its neighbour where there is none', () => {
  assert.deepEqual(cuesOf([said('Yes.', 0, 0.2), said('I know.', 4)]), [
    [0, 1000, 'Yes.'],
    [4000, 5000, 'I know.'],
  ])
  assert.deepEqual(cuesOf([said('Yes.', 0, 0.2), said('I know that very well.', 0.2)]), [
    [0, 1900, 'Yes. I know that very well.'],
  ])
})

test('sentences that can be read alone stand alone', () => {
  assert.deepEqual(
    cuesOf([said('They came home late.', 0, 0.4), said('Nobody was awake.', 1.7, 0.4)]).map(([, , text]) => text),
    ['They came home late.', 'Nobody was awake.'],
  )
})

test('fast speech is held into the pause behind it, up to the next cue', () => {
  const fast = 'internationalization considerations'
  const slow = 'Everybody else had something to say about the matter as well, of course, too.'
  assert.deepEqual(cuesOf([said(fast, 0, 0.3), said(slow, 1.2, 0.5)])[0], [0, 1200, fast])
  assert.deepEqual(cuesOf([said(fast, 0, 0.3), said(slow, 5, 0.5)])[0], [0, 1750, fast])
})

test('a pause of less than half a second is closed to two frames, a longer one stays', () => {
  assert.deepEqual(cuesOf([said('One two three four.', 0), said('Five six.', 1.8, 0.6)])[0]!.slice(0, 2), [0, 1716])
  assert.deepEqual(cuesOf([said('One two three four.', 0), said('Five six.', 2, 0.6)])[0]!.slice(0, 2), [0, 1400])
})

test('a silence of a second parts what is said before it from what follows', () => {
  const words = ['And', 'then', 'she', 'left.'].map((word, i) => ({
    word: ` ${word}`,
    start: i < 2 ? i : i + 1.5,
    end: (i < 2 ? i : i + 1.5) + 0.9,
  }))
  const segment = { start: 0, end: 5.4, text: ' And then she left.', words }
  assert.deepEqual(
    cuesOf([segment]).map(([, , text]) => text),
    ['And then', 'she left.'],
  )
})

test('no cue is held beyond the end of the recording, or begins before it', () => {
  assert.deepEqual(cuesOf([said('Bye.', 9.8, 0.15)], { durationSeconds: 10 }), [[9800, 10_000, 'Bye.']])
  assert.deepEqual(cuesOf([said('Late.', 12, 0.15)], { durationSeconds: 10 }), [[12_000, 13_000, 'Late.']])
  assert.deepEqual(cuesOf([{ start: -0.5, end: 0.2, text: 'Early.' }]), [[0, 1000, 'Early.']])
})

test('a text without words has its time shared out by characters', () => {
  const text = 'First comes a part of the text that is long, then one that is not.'
  assert.deepEqual(cuesOf([{ start: 10, end: 20, text }]), [
    [10_000, 16_734, 'First comes a part\nof the text that is long,'],
    [16_818, 20_200, 'then one that is not.'],
  ])
})

test('text that no word spells, as after a correction, lies between the words around it', () => {
  const words = [
    { word: 'Good', start: 1, end: 1.4 },
    { word: 'ladies', start: 6, end: 6.4 },
  ]
  const segment = { start: 1, end: 9, text: 'Good evening, everybody, ladies first.', words }
  assert.deepEqual(
    cuesOf([segment], { maxWordsPerLine: 1 }).map(([startMs, , text]) => [startMs, text]),
    [
      [1000, 'Good'],
      [1619, 'evening,'],
      [3590, 'everybody,'],
      [6000, 'ladies'],
      [6771, 'first.'],
    ],
  )
})

test('a word that alignment stretches over a silence is shown for 7 s', () => {
  assert.deepEqual(cuesOf([{ start: 0, end: 30, text: 'Ja.' }]), [[0, 7000, 'Ja.']])
})

test('width and count change the limits of readable cues, and words are underlined in them', () => {
  const sentence = said('The quick brown fox jumps over the lazy dog and runs.', 0)
  const narrow = { cues: 'readable', maxLineWidth: 20, maxLineCount: 3 } as const
  assert.deepEqual(cuesOf([sentence], narrow), [[0, 3500, 'The quick brown\nfox jumps over the\nlazy dog and runs.']])
  const highlighted = subtitleCues([sentence], 0, { cues: 'readable', highlightWords: true })
  assert.deepEqual([highlighted.length, new Set(highlighted.map(({ text }) => text)).size], [11, 1])
})

test('a cue for each segment has the times of the segments, as before', () => {
  const long = said(`${'word '.repeat(60).trim()}.`, 0)
  assert.deepEqual(cuesOf([long, said('Yes.', 18, 0.1)], { cues: 'segments', durationSeconds: 60 }), [
    [0, 18_000, long.text.trim()],
    [18_000, 18_100, 'Yes.'],
  ])
})

test('ten hours of speech are laid out in one go', { timeout: 120_000 }, () => {
  const sentence =
    'Nobody knows how long the people of the valley had been waiting for the river, the rain and the frogs.'
  const hours = Array.from({ length: 6000 }, (_, i) => said(sentence, 6 * i, 0.29))
  assert.ok(subtitleCues(hours, 36_000).length >= 6000)
  assert.ok(subtitleCues([{ start: 0, end: 1, text: 'no '.repeat(50_000) }], 0).length > 0)
})
