import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { readSrt, readVtt } from '../../test/helpers/judges/subtitle-readers.ts'
import { OptionInvalidError } from '../errors/index.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import { writeSrt, writeTsv, writeVtt } from './subtitles.ts'

/** Cues of exactly what the segments are. */
const PLAIN: SubtitleOptions = { cues: 'segments' }

const HOSTILE = [
  { start: 0, end: 1, text: ' um --> dois ---> três' },
  { start: 1, end: 2, text: ' <i>a</i> & b &lt; <00:00:01.500>' },
  { start: 2, end: 2.5, text: ' linha\r\n\r\n\n00:00:02,000 --> 00:00:03,000\u2028\0fim\t' },
  { start: 2.5, end: 3, text: ' \n\t ' },
  { start: 3, end: 4, text: ' 42' },
  { start: 4, end: 5, text: ' NOTE não é um comentário' },
]

test('text that looks like markup is read back from WebVTT as it was said', () => {
  const cues = readVtt(writeVtt(transcriptionOf(HOSTILE), PLAIN))

  assert.deepEqual(
    cues.map(({ text }) => text),
    [
      'um --> dois ---> três',
      '<i>a</i> & b &lt; <00:00:01.500>',
      'linha 00:00:02,000 --> 00:00:03,000 fim',
      '42',
      'NOTE não é um comentário',
    ],
  )
  assert.ok(cues.every(({ underlined }) => underlined === ''))
})

test('text cannot end a SubRip cue or start another one', () => {
  assert.deepEqual(readSrt(writeSrt(transcriptionOf(HOSTILE), PLAIN)), [
    { from: 0, to: 1000, text: 'um -> dois -> três' },
    { from: 1000, to: 2000, text: '<i>a</i> & b &lt; <00:00:01.500>' },
    { from: 2000, to: 2500, text: 'linha 00:00:02,000 -> 00:00:03,000 fim' },
    { from: 3000, to: 4000, text: '42' },
    { from: 4000, to: 5000, text: 'NOTE não é um comentário' },
  ])
})

test('cues are numbered from 1 without a gap where an empty segment is left out', () => {
  assert.equal(
    writeSrt(transcriptionOf([{ text: ' um' }, { text: ' ' }, { text: ' dois', start: 1.25, end: 3661.5 }]), PLAIN),
    '1\n00:00:00,000 --> 00:00:01,000\num\n\n2\n00:00:01,250 --> 01:01:01,500\ndois\n\n',
  )
})

test('times that overlap, stand still or run backwards become cues of at least 1 ms, one after the other', () => {
  const transcription = transcriptionOf([
    { start: -0.2, end: 2, text: 'a' },
    { start: 1.5, end: 1.5, text: 'b' },
    { start: 1.5, end: 1.4, text: 'c' },
    { start: 1, end: 9, text: 'd' },
    { start: 8.9996, end: 9, text: 'e' },
  ])
  const expected = [
    { from: 0, to: 1500, text: 'a' },
    { from: 1500, to: 1501, text: 'b' },
    { from: 1501, to: 1502, text: 'c' },
    { from: 1502, to: 9000, text: 'd' },
    { from: 9000, to: 9001, text: 'e' },
  ]

  assert.deepEqual(readSrt(writeSrt(transcription, PLAIN)), expected)
  assert.deepEqual(
    readVtt(writeVtt(transcription, PLAIN)).map(({ from, to, text }) => ({ from, to, text })),
    expected,
  )
})

test('recordings may be longer than 99 hours', () => {
  const transcription = transcriptionOf([{ start: 100 * 3600, end: 100 * 3600 + 1.5, text: 'ainda aqui' }])

  assert.match(writeSrt(transcription, PLAIN), /^100:00:00,000 --> 100:00:01,500$/m)
  assert.deepEqual(readVtt(writeVtt(transcription, PLAIN))[0]?.to, 360_001_500)
  assert.deepEqual(readSrt(writeSrt(transcription, PLAIN))[0]?.to, 360_001_500)
})

test('a recording without speech gives valid files without cues', () => {
  const silence = transcriptionOf([])

  assert.deepEqual(readVtt(writeVtt(silence)), [])
  assert.deepEqual(readVtt(writeVtt(silence, PLAIN)), [])
  assert.deepEqual(readVtt(writeVtt(silence, { highlightWords: true })), [])
  assert.equal(writeSrt(silence), '')
  assert.equal(writeTsv(silence), 'start\tend\ttext\n')
})

test('exactly the spoken word is underlined, whatever it consists of', () => {
  const transcription = transcriptionOf([spokenSegment(' a <b> & --> fim')])
  const cues = readVtt(writeVtt(transcription, { highlightWords: true }))

  assert.deepEqual(
    cues.map(({ underlined }) => underlined),
    ['a', '<b>', '&', '-->', 'fim'],
  )
  assert.ok(cues.every(({ text }) => text === 'a <b> & --> fim'))
  assert.match(writeSrt(transcription, { highlightWords: true }), /^a <b> & <u>-><\/u> fim$/m)
})

test('files stay valid, and keep every word, under any layout', () => {
  const transcription = transcriptionOf([
    spokenSegment(' O <rato> roeu a roupa & o rei -->  de Roma.', 0),
    spokenSegment(' Anticonstitucionalissimamente!\n\n Sim.', 5, 0),
    spokenSegment(' E\u00a0depois de uma pausa, mais nada.', 30, 0.0001),
  ])
  const said = transcription.text.replace(/\s+/g, ' ')
  const layouts: SubtitleOptions[] = [
    {},
    { cues: 'readable' },
    { cues: 'readable', maxLineWidth: 20, maxLineCount: 3 },
    { maxLineWidth: 1 },
    { maxLineWidth: 12 },
    { maxWordsPerLine: 1 },
    { maxWordsPerLine: 4, maxLineWidth: 10 },
    { maxLineWidth: 12, maxLineCount: 1 },
    { maxLineWidth: 1000, maxLineCount: 2 },
  ]
  for (const layout of layouts) {
    const vtt = readVtt(writeVtt(transcription, layout))
    assert.equal(vtt.map(({ text }) => text.replace(/\s+/g, ' ')).join(' '), said)
    assert.equal(readSrt(writeSrt(transcription, layout)).length, vtt.length)

    const highlighted = readVtt(writeVtt(transcription, { ...layout, highlightWords: true }))
    const underlined = highlighted.map((cue) => cue.underlined).filter((word) => word !== '')
    assert.equal(underlined.join(' ').replace(/\s+/g, ' '), said)
  }
})

test('a layout is refused where the transcription has no words', () => {
  assert.throws(() => writeVtt(transcriptionOf([{ text: 'a' }]), { maxLineWidth: 20 }), OptionInvalidError)
})

test('the table has one row for each segment, however its text is made', () => {
  const rows = writeTsv(transcriptionOf([...HOSTILE.slice(2), { start: 5.0004, end: 6, text: ' a\tb' }])).split('\n')

  assert.deepEqual(rows, [
    'start\tend\ttext',
    '2000\t2500\tlinha 00:00:02,000 --> 00:00:03,000 fim',
    '3000\t4000\t42',
    '4000\t5000\tNOTE não é um comentário',
    '5000\t6000\ta b',
    '',
  ])
})
