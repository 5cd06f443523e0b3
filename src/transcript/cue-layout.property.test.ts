/** What holds for cues of any segments under any limits. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { columnsOf } from './columns.ts'
import { subtitleCues } from './subtitle-cues.ts'

const NO_SPACE = (text: string) => text.replaceAll(/\s/g, '')

const word = fc.stringMatching(/^ ?([a-zà-ú今日-]{1,12}[,.]?)?$/u)
/** Words one after the other, some with pauses before them; or none, as where a segment could not be aligned. */
const segments = fc
  .array(
    fc.record({
      words: fc.array(
        fc.tuple(word, fc.double({ min: 0, max: 6, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true })),
      ),
      isAligned: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((list) => {
    let at = 0
    return list.map(({ words, isAligned }) => {
      const spoken = words.map(([word, pause, length]) => {
        const start = at + pause
        at = start + length
        return { word, start, end: at, probability: 1 }
      })
      const text = spoken.map(({ word }) => word).join('')
      return { text, start: spoken[0]?.start ?? at, end: at, words: isAligned ? spoken : undefined }
    })
  })
const limit = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined })
const options = fc.record({
  maxLineWidth: limit,
  maxLineCount: limit,
  maxWordsPerLine: limit,
  highlightWords: fc.boolean(),
})

test('no text is lost or doubled, cues are in order, and lines keep to their limits', () => {
  fc.assert(
    fc.property(segments, options, (list, limits) => {
      const cues = subtitleCues(transcriptionOf(list).segments, 0, limits)
      const shown = limits.highlightWords ? cues.filter(({ text }, i) => text !== cues[i - 1]?.text) : cues
      const wanted = NO_SPACE(list.map(({ text }) => text).join(''))
      // Two cues of the same text in a row look like one that is highlighted word by word.
      if (!limits.highlightWords) assert.equal(NO_SPACE(shown.map(({ text }) => text).join('')), wanted)
      for (const [i, { startMs, endMs, text, highlight }] of cues.entries()) {
        assert.ok(startMs <= endMs && startMs >= (cues[i - 1]?.startMs ?? 0), JSON.stringify(cues))
        assert.notEqual(text.trim(), '')
        const lines = text.split('\n')
        assert.ok(limits.maxLineCount === undefined || lines.length <= limits.maxLineCount)
        // A word that is wider keeps a line to itself.
        const isNarrow = (line: string) =>
          columnsOf(line) <= (limits.maxLineWidth ?? Infinity) || !/[a-zà-ú今日] [a-zà-ú今日]/u.test(line)
        const isAligned = list.every(({ words }) => words?.length)
        if (isAligned) assert.ok(lines.every(isNarrow), text)
        if (highlight) assert.ok(highlight[0] <= highlight[1] && highlight[1] <= text.length)
      }
    }),
    { numRuns: 500 },
  )
})
