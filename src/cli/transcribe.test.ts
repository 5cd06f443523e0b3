import assert from 'node:assert/strict'
import { isAbsolute } from 'node:path'
import { test } from 'node:test'
import { type Script, scriptedTranscriber, transcriptionOf } from '../../test/helpers/scripted-transcriber.ts'
import {
  AudioEmptyError,
  HubOfflineError,
  ModelLoadError,
  OptionInvalidError,
  RemoteError,
  toWire,
} from '../errors/index.ts'
import { transcribeFiles } from './transcribe.ts'

/** Runs `files` against answers by file name; gives what was printed and asked. */
async function run(files: readonly string[], script: Script, signal = new AbortController().signal) {
  const shown: string[] = []
  const transcriber = Object.assign(scriptedTranscriber(), { script })
  const printed: string[] = []
  const isComplete = await transcribeFiles(files, {
    transcriber,
    modelId: 'base',
    language: 'pt',
    format: 'jsonl',
    options: { beam_size: '5' },
    subtitles: {},
    progress: {
      show: (file, doneSeconds) => void shown.push(`${file} ${doneSeconds}`),
      showLoading: () => {},
      clear: () => void shown.push('-'),
    },
    output: { stdout: (text) => void printed.push(text), stderr: () => {} },
    signal,
  })
  return { isComplete, results: printed.map((line) => JSON.parse(line)), requests: transcriber.requests, shown }
}

test('every file is one result, in order, with what was asked for', async () => {
  const script: Script = async ({ audioPath }) => transcriptionOf(`text of ${audioPath.slice(-1)}`, 1.23456)
  const { isComplete, results, requests } = await run(['a', '-b', '/c'], script)
  assert.equal(isComplete, true)
  assert.deepEqual(results, [
    { file: 'a', model: 'base', language: 'pt', duration: 1.235, text: 'text of a' },
    { file: '-b', model: 'base', language: 'pt', duration: 1.235, text: 'text of b' },
    { file: '/c', model: 'base', language: 'pt', duration: 1.235, text: 'text of c' },
  ])
  assert.ok(
    requests.every(
      ({ modelId, language, audioPath }) => modelId === 'base' && language === 'pt' && isAbsolute(audioPath),
    ),
  )
  assert.deepEqual(
    requests.map(({ options }) => options),
    [{ beam_size: '5' }, { beam_size: '5' }, { beam_size: '5' }],
  )
})

test('a file that fails does not stop the others', async () => {
  const script: Script = async ({ audioPath }) => {
    if (audioPath.endsWith('bad')) throw new AudioEmptyError('is empty')
    return transcriptionOf('heard')
  }
  const { isComplete, results } = await run(['bad', 'good'], script)
  assert.equal(isComplete, false)
  assert.deepEqual(results[0], {
    file: 'bad',
    model: 'base',
    error: 'The file is empty: send a file that holds a recording.',
  })
  assert.equal(results[1].text, 'heard')
})

test('a model that does not load is tried once, and every file says why', async () => {
  const failure = new ModelLoadError('base', new HubOfflineError('owner/name'))
  const script: Script = async () => {
    throw new RemoteError(toWire(failure))
  }
  const { results, requests } = await run(['a', 'b', 'c'], script)
  assert.equal(requests.length, 1)
  assert.deepEqual(
    results.map(({ file, error }) => [file, error]),
    ['a', 'b', 'c'].map((file) => [file, failure.sentence]),
  )
})

test('an option that the model does not know ends the command, since it fails for every file', async () => {
  const failure = new OptionInvalidError('task', 'translate', 'transcribe: this model knows only English')
  const script: Script = async () => {
    throw new RemoteError(toWire(failure))
  }
  await assert.rejects(run(['a', 'b'], script), { code: failure.code, message: failure.message })
})

test('progress is shown while a file is worked on, and cleared before its result is printed', async () => {
  const script: Script = async ({ onProgress }) => {
    onProgress?.(12.5)
    return transcriptionOf('heard')
  }
  assert.deepEqual((await run(['a', 'b'], script)).shown, ['a 12.5', '-', 'b 12.5', '-'])
})

test('an abort ends the work with the file that was running', async () => {
  const abort = new AbortController()
  const script: Script = async () => {
    abort.abort()
    throw abort.signal.reason
  }
  await assert.rejects(run(['a', 'b'], script, abort.signal), { name: 'AbortError' })
})
