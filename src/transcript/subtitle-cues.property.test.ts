/** What holds for readable cues of any words at any times. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { faultsOf } from '../../test/helpers/judges/subtitle-limits.ts'
import type { SpokenSegment } from './shown-words.ts'
import { subtitleCues } from './subtitle-cues.ts'

const withoutSpaces = (text: string) => text.replaceAll(/\s/g, '')

/** Words as recognition spells them: with the space before them, or in pieces without one. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^ [a-zà-ú]{1,14}[,.?!]?$/u) },
  fc.stringMatching(/^ [A-Za-z]{1,4}['-]?$/),
  fc.stringMatching(/^[今日本語学校は晴れです、。ーッ」]{1,3}$/u).map((text) => `天${text}`),
  fc.stringMatching(/^ [가-힣]{1,6}[.]?$/u),
  fc.stringMatching(/^ ?[ก-ฮะาำ]{1,9}$/u).map((text) => text.replace(/^( ?)[ะาำ]/, '$1ก')),
  fc.stringMatching(/^ [ابتثجح]{1,9}[،؟]?$/u),
  fc.constantFrom(' ?', ' »', ' «', ' –', ' R$', ' Sr.', '🎉', ' <i>', ' &', `${' '}${'x'.repeat(60)}`),
)
const inPieces = fc.constantFrom(
  [' l', "'école"],
  [' 3', '.5'],
  [' primeiro', '-ministro'],
  [' etc', '.', ')'],
  [' oui', ' ?'],
)
const seconds = (max: number) => fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }))
const segments = fc
  .array(
    fc.record({
      spoken: fc.array(
        fc.tuple(fc.oneof({ weight: 9, arbitrary: word.map((one) => [one]) }, inPieces), seconds(0.8), seconds(1.2)),
        { minLength: 1, maxLength: 40 },
      ),
      pause: seconds(4),
      hasWords: fc.boolean(),
      language: fc.constantFrom('en', 'pt', 'ja', 'xx', undefined),
    }),
    { maxLength: 8 },
  )
  .map((list) => {
    let at = 0
    return list.map(({ spoken, pause, hasWords, language }): SpokenSegment => {
      at += pause
      const start = at
      const pieces = spoken.flatMap(([words, before, length]) => words.map((word) => [word, before, length] as const))
      const words = [[' a', 0, 0.3] as const, ...pieces].map(([word, before, length]) => {
        const from = at + before
        at = from + length
        return { word, start: from, end: at }
      })
      const text = words.map(({ word }) => word).join('')
      return { text, start, end: at, words: hasWords ? words : undefined, language }
    })
  })

test('limits of time, lines, width and speed are kept, and no text is lost, doubled or moved', () => {
  fc.assert(
    fc.property(segments, fc.boolean(), (list, isLengthKnown) => {
      const durationSeconds = isLengthKnown ? Math.max(0, ...list.map(({ end }) => end)) : 0
      const cues = subtitleCues(list, durationSeconds)
      assert.equal(
        withoutSpaces(cues.map(({ text }) => text).join('')),
        withoutSpaces(list.map(({ text }) => text).join('')),
      )
      const read = cues.map(({ startMs, endMs, text }) => ({ from: startMs, to: endMs, text }))
      const durationMs = Math.round(1000 * durationSeconds)
      const isStartIn = (read.at(-1)?.from ?? 0) < durationMs
      assert.deepEqual(faultsOf(read, isStartIn ? durationMs : undefined), [])
    }),
    { numRuns: 400 },
  )
})

test('words of two channels at once share no cue, and nothing of either is lost', () => {
  fc.assert(
    fc.property(segments, segments, (left, right) => {
      const marked = (list: readonly SpokenSegment[], channel: number, mark: string) =>
        list.map((segment) => ({
          ...segment,
          channel,
          words: undefined,
          text: segment.text.replaceAll(/[^\s.,?!]+/g, mark),
        }))
      const both = [...marked(left, 0, 'left'), ...marked(right, 1, 'right')].sort((a, b) => a.start - b.start)
      const cues = subtitleCues(both, 0)
      for (const { text } of cues) assert.ok(!(text.includes('left') && text.includes('right')), text)
      const count = (text: string) => [text.match(/left/g)?.length ?? 0, text.match(/right/g)?.length ?? 0]
      assert.deepEqual(count(cues.map(({ text }) => text).join(' ')), count(both.map(({ text }) => text).join(' ')))
      for (const [i, cue] of cues.entries())
        assert.ok(cue.endMs > cue.startMs && cue.endMs <= (cues[i + 1]?.startMs ?? Infinity))
    }),
    { numRuns: 100 },
  )
})
