import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionInvalidError } from '../errors/index.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import { checkSubtitleOptions, wantsWords } from './subtitle-options.ts'

const SUBTITLES_WITH_WORDS = { format: 'srt', hasWords: true }

function refused(options: SubtitleOptions, option: string, answer = SUBTITLES_WITH_WORDS): void {
  assert.throws(
    () => checkSubtitleOptions(options, answer),
    (error) => error instanceof OptionInvalidError && error.message.includes(`Option ${option} has the value '`),
  )
}

test('layouts that mean something are accepted', () => {
  const layouts: SubtitleOptions[] = [
    {},
    { maxLineWidth: 1 },
    { maxLineWidth: 1000, maxLineCount: 2, highlightWords: true },
    { maxWordsPerLine: 5, maxLineWidth: 42 },
    { highlightWords: true },
  ]
  for (const layout of layouts) checkSubtitleOptions(layout, SUBTITLES_WITH_WORDS)
})

test('a limit has to be a whole number from 1 to 1000', () => {
  for (const value of [0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY]) {
    refused({ maxLineWidth: value }, 'max_line_width')
    refused({ maxLineWidth: 10, maxLineCount: value }, 'max_line_count')
    refused({ maxWordsPerLine: value }, 'max_words_per_line')
  }
})

test('every layout needs words', () => {
  const withoutWords = { format: 'vtt', hasWords: false }
  refused({ maxLineWidth: 20 }, 'max_line_width', withoutWords)
  refused({ maxWordsPerLine: 2 }, 'max_words_per_line', withoutWords)
  refused({ highlightWords: true }, 'highlight_words', withoutWords)
  checkSubtitleOptions({ highlightWords: false, maxLineWidth: undefined }, withoutWords)
})

test('a layout of a format that has none is refused rather than ignored', () => {
  for (const format of ['text', 'json', 'verbose_json', 'tsv', 'jsonl']) {
    refused({ maxLineWidth: 20 }, 'max_line_width', { format, hasWords: true })
  }
})

test('readable cues and segments need no words, but underlining does', () => {
  const withoutWords = { format: 'srt', hasWords: false }
  checkSubtitleOptions({ cues: 'readable', maxLineWidth: 30, maxLineCount: 3 }, withoutWords)
  checkSubtitleOptions({ cues: 'readable', maxLineCount: 1 }, withoutWords)
  checkSubtitleOptions({ cues: 'segments' }, withoutWords)
  refused({ cues: 'readable', highlightWords: true }, 'highlight_words', withoutWords)
  refused({ cues: 'segments', maxLineWidth: 30 }, 'max_line_width')
  refused({ cues: 'segments', highlightWords: true }, 'highlight_words')
  refused({ cues: 'readable', maxWordsPerLine: 3 }, 'max_words_per_line')
  refused({ cues: 'nice' as 'readable' }, 'cues')
  refused({ cues: 'readable' }, 'cues', { format: 'tsv', hasWords: true })
})

test('words are wanted where they are at hand, and where a layout cannot do without', () => {
  const aligned = { areAligned: true }
  const apart = { areAligned: false }
  assert.ok(wantsWords('srt', {}, aligned))
  assert.ok(!wantsWords('srt', {}, apart))
  assert.ok(wantsWords('vtt', { maxLineWidth: 20 }, apart))
  assert.ok(wantsWords('vtt', { cues: 'readable', highlightWords: true }, apart))
  assert.ok(!wantsWords('vtt', { cues: 'readable' }, apart))
  assert.ok(!wantsWords('vtt', { cues: 'segments' }, aligned))
  for (const format of ['json', 'verbose_json', 'text', 'tsv', 'jsonl']) assert.ok(!wantsWords(format, {}, aligned))
})

test('a limit that another one makes void is refused', () => {
  refused({ maxLineCount: 2 }, 'max_line_count')
  refused({ maxLineWidth: 20, maxLineCount: 2, maxWordsPerLine: 3 }, 'max_words_per_line')
})
