import assert from 'node:assert/strict'
import { isAbsolute, resolve } from 'node:path'
import { test } from 'node:test'
import {
  heldScript,
  type Script,
  scriptedTranscriber,
  transcriptionOf,
} from '../../../test/helpers/fakes/scripted-transcriber.ts'
import {
  AudioEmptyError,
  HubOfflineError,
  InputAbsentError,
  ModelLoadError,
  OptionInvalidError,
  RemoteError,
  toWire,
} from '../../errors/index.ts'
import type { Input } from './inputs.ts'
import { PrintedResults } from './printed-results.ts'
import { createWriter } from './result-writers.ts'
import { FileRun } from './run-files.ts'

const input = (file: string): Input => ({ file, path: resolve(file), stem: file })

interface RunOptions {
  readonly signal?: AbortSignal
  readonly jobs?: number
}

/** Runs `files` against answers by file name; gives what was printed and asked. */
function begin(files: readonly (string | Input)[], script: Script, options: RunOptions = {}) {
  const { signal = new AbortController().signal, jobs = 1 } = options
  const shown: string[] = []
  const transcriber = Object.assign(scriptedTranscriber(), { script })
  const printed: string[] = []
  const inputs = files.map((file) => (typeof file === 'string' ? input(file) : file))
  const output = { stdout: (text: string) => void printed.push(text), stderr: () => {} }
  const writer = createWriter('jsonl', { nFiles: files.length, subtitles: {} }, output)
  const results = new PrintedResults(inputs, writer, () => void shown.push('-'))
  const run = new FileRun({
    worker: { modelName: 'base', transcribe: (request) => transcriber.transcribe({ modelId: 'base', ...request }) },
    results,
    language: 'pt',
    options: { beamSize: 5 },
    hasWords: false,
    jobs,
    progress: {
      loading: () => {},
      show: (file, doneSeconds) => void shown.push(`${file} ${doneSeconds}`),
      finish: (file) => void shown.push(`${file} .`),
      clear: () => {},
    },
    signal,
    spool: () => assert.fail('nobody has asked for standard input'),
  })
  return {
    run,
    ended: run.all(inputs).finally(() => results.end()),
    printed: () => printed.map((line) => JSON.parse(line)),
    requests: transcriber.requests,
    shown,
  }
}

async function run(files: readonly (string | Input)[], script: Script, options: RunOptions = {}) {
  const begun = begin(files, script, options)
  await begun.ended
  return { ...begun, results: begun.printed(), tally: begun.run.tally }
}

test('every file is one result, in order, with what was asked for', async () => {
  const script: Script = async ({ audioPath }) => transcriptionOf(`text of ${audioPath.slice(-1)}`, 1.23456)
  const { tally, results, requests } = await run(['a', '-b', '/c'], script)
  assert.deepEqual([tally.nDone, tally.nFailed], [3, 0])
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
    [{ beamSize: 5 }, { beamSize: 5 }, { beamSize: 5 }],
  )
})

test('a file that fails does not stop the others', async () => {
  const script: Script = async ({ audioPath }) => {
    if (audioPath.endsWith('bad')) throw new AudioEmptyError('is empty')
    return transcriptionOf('heard')
  }
  const none: Input = { ...input('*.x'), path: undefined, failure: new InputAbsentError('Nothing matches.', 'Look.') }
  const { tally, results, requests } = await run(['bad', none, 'good'], script)
  assert.deepEqual(
    [tally.nDone, tally.nFailed, requests.map(({ audioPath }) => audioPath)],
    [1, 2, ['bad', 'good'].map((name) => resolve(name))],
  )
  assert.deepEqual(results.slice(0, 2), [
    { file: 'bad', model: 'base', error: 'The file is empty: send a file that holds a recording.' },
    { file: '*.x', model: 'base', error: 'Nothing matches: look.' },
  ])
  assert.equal(results[2].text, 'heard')
})

test('several at a time are printed in the order of the files, whichever is done first', async () => {
  const slow = heldScript()
  const finished: string[] = []
  const script: Script = async (request) => {
    const name = request.audioPath.slice(-1)
    if (name === 'a') return await slow.script(request)
    finished.push(name)
    if (finished.length === 2) slow.finish()
    return transcriptionOf(name)
  }
  const { results, requests } = await run(['a', 'b', 'c'], script, { jobs: 2 })
  assert.deepEqual(finished, ['b', 'c'])
  assert.equal(requests.length, 3)
  assert.deepEqual(
    results.map(({ file }) => file),
    ['a', 'b', 'c'],
  )
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
  assert.deepEqual((await run(['a', 'b'], script)).shown, [
    ...['a 0', 'a 12.5', 'a .', '-'],
    ...['b 0', 'b 12.5', 'b .', '-'],
    '-', // the end
  ])
})

test('an abort ends the work, and what was finished is printed although a file before it was not', async () => {
  const abort = new AbortController()
  const held = heldScript()
  const script: Script = async (request) => {
    if (request.audioPath.endsWith('a')) return await held.script(request)
    if (request.audioPath.endsWith('c')) abort.abort()
    return transcriptionOf('heard')
  }
  const begun = begin(['a', 'b', 'c', 'd'], script, { signal: abort.signal, jobs: 2 })
  await assert.rejects(begun.ended, { name: 'AbortError' })
  assert.deepEqual(
    begun.printed().map(({ file }) => file),
    ['b', 'c'],
  )
  assert.equal(begun.run.tally.nDone, 2)
})
