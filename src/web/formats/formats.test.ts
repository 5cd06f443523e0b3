import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as service from '../../transcript/index.ts'
import { withText } from '../transcript/edit.ts'
import type { Segment, Transcript } from '../transcript/transcript.ts'
import { writeJson } from './json.ts'
import { writeSrt, writeVtt } from './subtitles.ts'
import { paragraphsOf, writeText } from './text.ts'

const segment = (id: number, start: number, end: number, text: string): Segment => ({
  id,
  start,
  end,
  text,
  words: [{ word: text.split(' ')[0]!, start, end, probability: 0.5 }],
  quality: 'ok',
})
const segments = [
  segment(0, 0.001, 2.5, 'Bom dia & <b>boa</b> sorte'),
  segment(1, 2.4, 2.4, 'a ---> b'),
  segment(2, 2.4, 5, '   '),
  segment(3, 3661.2345, 3662, 'linha\ndois'),
]

const transcript = { segments, durationSeconds: 3700, language: 'pt' }

/** The same segments as the service has them. */
const transcription = {
  durationSeconds: 3700,
  task: 'transcribe',
  segments: segments.map((one) => ({ ...one, tokens: [], language: 'pt' })),
} as unknown as service.Transcription // only what its writers of subtitles read

test('subtitles are the ones that the service writes', () => {
  assert.equal(writeSrt(transcript), service.FORMATS.srt.write(transcription))
  assert.equal(writeVtt(transcript), service.FORMATS.vtt.write(transcription))
  assert.equal(writeSrt({ ...transcript, segments: [] }), service.FORMATS.srt.write({ ...transcription, segments: [] }))
  assert.equal(writeVtt({ ...transcript, segments: [] }), service.FORMATS.vtt.write({ ...transcription, segments: [] }))
})

test('corrections are in every format', () => {
  const corrected = [withText(segments[0]!, 'Boa tarde')]
  assert.match(writeSrt({ ...transcript, segments: corrected }), /^1\n00:00:00,001 --> 00:00:02,700\nBoa tarde\n/)
  assert.match(writeVtt({ ...transcript, segments: corrected }), /\n00:00:00\.001 --> 00:00:02\.700\nBoa tarde\n/)
  assert.equal(writeText(corrected), 'Boa tarde\n')
})

test('text has one space between segments, and none in languages that write none', () => {
  assert.equal(writeText([segment(0, 0, 1, ' Um. '), segment(1, 1, 2, ''), segment(2, 2, 3, 'Dois.')]), 'Um. Dois.\n')
  assert.equal(writeText([segment(0, 0, 1, '今日は。'), segment(1, 1, 2, '晴れ')]), '今日は。晴れ\n')
  assert.equal(writeText([segment(0, 0, 1, 'ok'), segment(1, 1, 2, '晴れ')]), 'ok 晴れ\n')
})

test('a long pause begins a paragraph', () => {
  const spoken = [segment(0, 5, 6, 'Um.'), segment(1, 7.9, 9, 'Dois.'), segment(2, 11, 12, 'Três.')]
  assert.deepEqual(paragraphsOf(spoken), [
    { start: 5, text: 'Um. Dois.' },
    { start: 11, text: 'Três.' },
  ])
  assert.deepEqual(paragraphsOf([]), [])
})

test('JSON tells what was corrected, and gives no probability to what was typed', () => {
  const transcript: Transcript = {
    id: 'x',
    name: 'a.wav',
    createdAt: 0,
    durationSeconds: 5,
    task: 'transcribe',
    language: 'pt',
    languageProbability: 0.9,
    model: 'base',
    processingSeconds: 1,
    segments: [withText(segments[0]!, 'Bom noite'), segments[1]!],
    warnings: [],
    isPartial: false,
  }
  const json = JSON.parse(writeJson(transcript))
  assert.equal(json.language, 'portuguese')
  assert.equal(json.text, 'Bom noite a ---> b')
  assert.deepEqual([json.segments[0].edited, 'edited' in json.segments[1]], [true, false])
  assert.deepEqual(
    json.words.map((word: object) => 'probability' in word),
    [true, false, true],
  )
})
