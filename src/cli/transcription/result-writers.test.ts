import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transcriptionOf } from '../../../test/helpers/fakes/scripted-transcriber.ts'
import { createWriter, type FileResult, type Format } from './result-writers.ts'

const GOOD: FileResult = {
  file: 'a.wav',
  model: 'base',
  hasWords: false,
  transcription: transcriptionOf('Olá, "mundo".', 1.23446),
}
const BAD: FileResult = {
  file: 'b.mp3',
  model: 'base',
  error: 'The file is empty: send a file that holds a recording.',
}
const OTHER: FileResult = { file: 'c.ogg', model: 'base', hasWords: false, transcription: transcriptionOf('') }
const GOOD_ROW = { file: 'a.wav', model: 'base', language: 'pt', duration: 1.234, text: 'Olá, "mundo".' }

function print(format: Format, results: readonly FileResult[]) {
  const printed = { stdout: '', stderr: '' }
  const writer = createWriter(
    format,
    { nFiles: results.length, subtitles: {} },
    {
      stdout: (text) => {
        printed.stdout += text
      },
      stderr: (text) => {
        printed.stderr += text
      },
    },
  )
  for (const result of results) writer.add(result)
  const beforeEnd = printed.stdout
  writer.end()
  return { ...printed, beforeEnd }
}

test('jsonl is one object per line, each as soon as it is there, failures among them', () => {
  const { beforeEnd, stdout, stderr } = print('jsonl', [GOOD, BAD, OTHER])
  assert.equal(
    stdout,
    '{"file":"a.wav","model":"base","language":"pt","duration":1.234,"text":"Olá, \\"mundo\\"."}\n' +
      '{"file":"b.mp3","model":"base","error":"The file is empty: send a file that holds a recording."}\n' +
      '{"file":"c.ogg","model":"base","language":"pt","duration":2,"text":""}\n',
  )
  assert.equal(beforeEnd, stdout)
  assert.equal(stderr, '')
})

test('json is an object for one file and an array for several', () => {
  assert.deepEqual(JSON.parse(print('json', [GOOD]).stdout), GOOD_ROW)
  assert.deepEqual(JSON.parse(print('json', [BAD]).stdout), BAD)
  assert.deepEqual(JSON.parse(print('json', [GOOD, BAD]).stdout), [GOOD_ROW, BAD])
})

test('json of several files is printed as it comes, and at the end it is the array as it always was', () => {
  const lines: FileResult = { ...OTHER, transcription: transcriptionOf('two\nlines\u2028 and "quotes"') }
  const { beforeEnd, stdout } = print('json', [GOOD, BAD, lines])
  assert.deepEqual(JSON.parse(`${beforeEnd}]`), JSON.parse(stdout))
  assert.equal(stdout, `${JSON.stringify(JSON.parse(stdout), null, 2)}\n`)
})

test('text of one file is the text alone', () => {
  assert.equal(print('text', [GOOD]).stdout, 'Olá, "mundo".\n')
})

test('text of several files has headings, and failures go to standard error', () => {
  const { stdout, stderr } = print('text', [GOOD, BAD, OTHER])
  assert.equal(stdout, '==> a.wav <==\nOlá, "mundo".\n\n==> c.ogg <==\n\n')
  assert.equal(stderr, 'paradox: b.mp3: The file is empty: send a file that holds a recording.\n')
})

test('a file of its own format ends with a line end, and its failure goes to standard error', () => {
  assert.equal(print('vtt', [OTHER]).stdout.trim(), 'WEBVTT')
  assert.equal(print('tsv', [OTHER]).stdout, 'start\tend\ttext\n')
  assert.match(print('verbose_json', [GOOD]).stdout, /^{"task":"transcribe".*}\n$/)
  assert.deepEqual(print('srt', [BAD]), {
    stdout: '',
    beforeEnd: '',
    stderr: 'paradox: b.mp3: The file is empty: send a file that holds a recording.\n',
  })
})

test('warnings stand in the JSON, and beside every other form on standard error', () => {
  const warnings = ['The recording is cut off or damaged; what can be read of it was used.']
  const cut: FileResult = { ...GOOD, transcription: { ...GOOD.transcription, warnings } }
  assert.deepEqual(JSON.parse(print('json', [cut]).stdout), { ...GOOD_ROW, warnings })
  assert.deepEqual(JSON.parse(print('jsonl', [cut]).stdout), { ...GOOD_ROW, warnings })
  for (const format of ['text', 'srt', 'vtt', 'tsv'] as const) {
    assert.equal(print(format, [cut]).stderr, `paradox: a.wav: ${warnings[0]}\n`, format)
    assert.equal(print(format, [GOOD]).stderr, '', format)
  }
})
