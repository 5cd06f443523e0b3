import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { FORMATS } from './formats.ts'

const GREETING = transcriptionOf([{ start: 0, end: 1.5, text: ' Olá, "mundo"!' }])

test('every format writes the same transcription in its own way', () => {
  assert.equal(FORMATS.json.write(GREETING), '{"text":"Olá, \\"mundo\\"!"}')
  assert.equal(FORMATS.text.write(GREETING), 'Olá, "mundo"!\n')
  assert.equal(FORMATS.tsv.write(GREETING), 'start\tend\ttext\n0\t1500\tOlá, "mundo"!\n')
  assert.equal(FORMATS.srt.write(GREETING), '1\n00:00:00,000 --> 00:00:01,700\nOlá, "mundo"!\n\n')
  assert.equal(FORMATS.vtt.write(GREETING), 'WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.700\nOlá, "mundo"!\n\n')
  assert.equal(JSON.parse(FORMATS.verbose_json.write(GREETING)).segments[0].end, 1.5)
})

test('every format states its content type', () => {
  assert.deepEqual(Object.fromEntries(Object.entries(FORMATS).map(([name, { contentType }]) => [name, contentType])), {
    json: 'application/json',
    verbose_json: 'application/json',
    text: 'text/plain; charset=utf-8',
    srt: 'application/x-subrip; charset=utf-8',
    vtt: 'text/vtt; charset=utf-8',
    tsv: 'text/tab-separated-values; charset=utf-8',
  })
})
