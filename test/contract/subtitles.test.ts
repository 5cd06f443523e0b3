/** Subtitles at every door: the same readable cues of the same words, whoever asks for them in whatever way. */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeTranscription } from '../../src/transcript/index.ts'
import { writeSrt, writeVtt } from '../../src/web/formats/subtitles.ts'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { faultsOf } from '../helpers/judges/subtitle-limits.ts'
import { readSrt, readVtt } from '../helpers/judges/subtitle-readers.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { scriptedSuite } from '../helpers/rigs/scripted-suite.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const PARAGRAPH =
  ' Quando a chuva parou de cair sobre a cidade velha os meninos correram para o jardim e ninguém conseguiu segurá-los em casa ' +
  'porque fazia três dias que não viam o sol e o rio já não cabia nas margens nem os sapos na lagoa'
/** Half a minute without a mark, as speech detection hands it to the model; then a word that is gone in 0.2 s. */
const TOLD = transcriptionOf(
  [
    spokenSegment(PARAGRAPH, 0.5, 0.65),
    { ...spokenSegment(' Sim.', 30, 0.2) },
    spokenSegment(' E depois disso, nada.', 33),
  ],
  { durationSeconds: 40 },
)
const WITHOUT_WORDS = { ...TOLD, segments: TOLD.segments.map((segment) => ({ ...segment, words: undefined })) }

const suite = scriptedSuite(
  // As an engine does it: words only for who has asked for them.
  async ({ options, onSegments }) => {
    const transcription = options?.wordTimestamps ? TOLD : WITHOUT_WORDS
    onSegments?.(transcription.segments)
    return transcription
  },
  { DEFAULT_MODEL_ID: 'base' },
)
const { transcriber } = suite

const read = { srt: readSrt, vtt: readVtt }
type Format = keyof typeof read

/** Each door by its path, the part of the recording, and where a format and an option of subtitles stand. */
const DOORS = {
  '/transcribe': { part: 'file', place: 'form', format: 'response_format' },
  '/v1/audio/transcriptions': { part: 'file', place: 'form', format: 'response_format' },
  '/v1/audio/translations': { part: 'file', place: 'form', format: 'response_format' },
  '/inference': { part: 'file', place: 'form', format: 'response_format' },
  '/asr': { part: 'audio_file', place: 'query', format: 'output' },
} as const

async function ask(path: keyof typeof DOORS, format: string, options: Readonly<Record<string, string>> = {}) {
  const { part, place, format: formatName } = DOORS[path]
  const fields = Object.entries({ [formatName]: format, ...options })
  const query = place === 'query' ? `?${new URLSearchParams(fields)}` : ''
  const inForm = place === 'form' ? fields.map(([name, content]) => ({ name, content })) : []
  const body = form(...inForm, { name: part, fileName: 'clip.wav', content: 'told' })
  const headers = { 'content-type': FORM_TYPE }
  const response = await fetch(`${suite.service.baseUrl}${path}${query}`, { method: 'POST', headers, body })
  return { status: response.status, text: await response.text() }
}

describe('by default', () => {
  const expected = (format: Format) => writeTranscription(TOLD, format)

  for (const format of ['srt', 'vtt'] as const) {
    test(`${format} has cues that can be read`, () => {
      const cues = read[format](expected(format))
      assert.deepEqual(faultsOf(cues, 40_000), [])
      assert.equal(cues.map(({ text }) => text.replaceAll('\n', ' ')).join(' '), TOLD.text)
      assert.ok(cues.length >= 6)
      const word = cues.find(({ text }) => text === 'Sim.')
      assert.deepEqual([word?.from, word?.to], [30_000, 31_000])
    })

    for (const path of Object.keys(DOORS) as (keyof typeof DOORS)[]) {
      test(`${path} writes them as ${format}`, async () => {
        const { status, text } = await ask(path, format)
        assert.equal(status, 200, text)
        assert.equal(text, expected(format))
      })
    }
  }

  test('the page saves them too', () => {
    const segments = TOLD.segments.map(({ words = [], ...segment }) => {
      return { ...segment, words: words.map((word) => ({ ...word, word: word.word.trim() })) }
    })
    const transcript = { segments, durationSeconds: 40, language: 'pt' }
    assert.equal(writeSrt(transcript), expected('srt'))
    assert.equal(writeVtt(transcript), expected('vtt'))
  })

  test('the command line writes them, and shows words in no other file', async (t) => {
    const cwd = tempFolder(t)
    mkdirSync(join(cwd, 'in'))
    writeFileSync(join(cwd, 'in/talk.wav'), 'told')
    const args = ['--output-dir', 'out', '--format', 'srt,vtt,verbose_json,tsv', 'in/talk.wav']
    const { code, stderr } = await paradox(['transcribe', '--server', suite.service.baseUrl, ...args], { cwd })
    assert.equal(code, 0, stderr)
    const file = (ending: string) => readFileSync(join(cwd, `out/talk${ending}`), 'utf8')
    assert.equal(file('.srt'), expected('srt'))
    assert.equal(file('.vtt'), expected('vtt'))
    assert.ok(!('words' in JSON.parse(file('.verbose.json'))))
    assert.equal(file('.tsv').split('\n').length, 5)
  })

  test('other formats ask for no words', async () => {
    for (const path of ['/transcribe', '/v1/audio/transcriptions'] as const) {
      for (const format of ['json', 'text', 'tsv', 'verbose_json']) await ask(path, format)
    }
    assert.deepEqual(new Set(transcriber.requests.map(({ options }) => options?.wordTimestamps)), new Set([undefined]))
  })

  test('a transcription without words, as timestamps=tokens has it, shares out the time of its segments', async () => {
    const { text } = await ask('/transcribe', 'srt', { timestamps: 'tokens' })
    assert.equal(transcriber.requests.at(-1)!.options?.wordTimestamps, undefined)
    assert.equal(text, writeTranscription(WITHOUT_WORDS, 'srt'))
    const cues = readSrt(text)
    assert.deepEqual(faultsOf(cues, 40_000), [])
    assert.equal(cues.map((cue) => cue.text.replaceAll('\n', ' ')).join(' '), TOLD.text)
  })
})

describe('options', () => {
  const paths = ['/transcribe', '/v1/audio/transcriptions', '/inference', '/asr'] as const

  for (const path of paths) {
    test(`cues=segments gives each segment its cue at ${path}`, async () => {
      const { text } = await ask(path, 'srt', { cues: 'segments' })
      const cues = readSrt(text)
      assert.deepEqual(
        cues,
        TOLD.segments.map((segment) => ({
          from: Math.round(segment.start * 1000),
          to: Math.round(segment.end * 1000),
          text: segment.text.trim(),
        })),
      )
      assert.equal(transcriber.requests.at(-1)!.options?.wordTimestamps, undefined)
    })
  }

  for (const path of ['/transcribe', '/v1/audio/transcriptions', '/asr'] as const) {
    test(`limits of width and count need no other option at ${path}`, async () => {
      const { status, text } = await ask(path, 'vtt', { max_line_width: '20', max_line_count: '1' })
      assert.equal(status, 200, text)
      assert.ok(readVtt(text).every((cue) => cue.text.length <= 20))
    })

    test(`limits that contradict each other are refused at ${path}`, async () => {
      assert.equal((await ask(path, 'srt', { cues: 'segments', max_line_width: '20' })).status, 400)
      assert.equal((await ask(path, 'srt', { cues: 'nice' })).status, 400)
    })
  }

  test('cues=readable takes another width and count', async () => {
    const limits = { cues: 'readable', max_line_width: '20', max_line_count: '3' }
    const lines = readSrt((await ask('/asr', 'srt', limits)).text).map(({ text }) => text.split('\n'))
    assert.ok(lines.flat().every((line) => line.length <= 20))
    assert.equal(Math.max(...lines.map(({ length }) => length)), 3)
  })

  test('max_len of whisper.cpp goes with readable cues, and not with segments', async () => {
    const cues = readSrt((await ask('/inference', 'srt', { cues: 'readable', max_len: '30' })).text)
    assert.ok(cues.every(({ text }) => text.length <= 30))
    assert.equal((await ask('/inference', 'srt', { cues: 'segments', max_len: '30' })).status, 400)
    assert.equal((await ask('/inference', 'json', { cues: 'segments' })).status, 400)
  })
})
