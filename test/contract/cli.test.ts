/** The command line from outside: what it prints where, and its exit codes. No model is needed. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder, tone } from '../helpers/data/audio-files.ts'

const PARADOX = join(import.meta.dirname, '..', '..', 'bin', 'paradox')

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

/** A user without settings, whose caches are empty. */
const ENV = { PATH: process.env.PATH, HOME: folder.file('home'), HF_HUB_OFFLINE: '1' }

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(PARADOX, args, { cwd: folder.path, env: { ...ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  return { child, ended: once(child, 'close') as Promise<[code: number | null, signal: string | null]> }
}

/** Runs `paradox` to its end, in the temporary folder. */
async function paradox(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { child, ended } = start(args, env)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

test('--help and --version are printed on standard output and succeed', async () => {
  const help = await paradox(['--help'])
  assert.equal(help.code, 0)
  for (const word of ['serve', 'transcribe', 'models', 'Examples:']) assert.match(help.stdout, new RegExp(word))
  assert.equal(help.stderr, '')

  assert.deepEqual(await paradox(['--version']), { stdout: `${packageJson.version}\n`, stderr: '', code: 0 })
  assert.match((await paradox(['transcribe', '--help'])).stdout, /"file","model","language","duration","text"/)
})

test('what is not understood is named on standard error, with exit code 2', async () => {
  const mistakes: readonly (readonly [args: string[], message: RegExp])[] = [
    [[], /Usage: paradox/],
    [['sing'], /unknown command 'sing'/],
    [['transcribe'], /missing required argument 'file'/],
    [['transcribe', '-x.wav'], /unknown option '-x.wav'/],
    [['transcribe', '--format', 'xml', 'a.wav'], /Allowed choices are text, json, jsonl/],
    [['transcribe', '--model', 'no such model', 'a.wav'], /Model 'no such model' is not known: choose one of: freds0/],
    [
      ['transcribe', '--beam-size', '99', 'a.wav'],
      /^paradox: Option beam_size has the value '99', which is not allowed: use a whole number from 1 to 16\.\n$/,
    ],
    [['transcribe', '--vad-filter=maybe', 'a.wav'], /Option vad_filter has the value 'maybe'/],
    [['transcribe', '--beam-size', '5', '--temperature', '0.5', 'a.wav'], /sampling has no beams/],
    [['transcribe', '--word-timestamps', 'a.wav'], /Option word_timestamps .* the format text, which has no place/],
    [['transcribe', '--format', 'srt', 'a.wav', 'b.wav'], /Option format has the value 'srt'.* one file at a time/],
    [['serve', '--port', 'http'], /Setting PORT has the value 'http', which is not allowed: use a whole number/],
    [['models', '--color'], /unknown option '--color'/],
    [['models', 'compile', 'no such model'], /Model 'no such model' is not known/],
    [['models', 'polish'], /too many arguments/],
  ]
  for (const [args, message] of mistakes) {
    const { stdout, stderr, code } = await paradox(args)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack')
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
  }
})

test('a setting with a wrong value ends every command with one sentence and exit code 2', async () => {
  const env = { DEVICE: 'toaster' }
  for (const args of [['serve'], ['transcribe', 'a.wav'], ['models']]) {
    const { stdout, stderr, code } = await paradox(args, env)
    assert.equal(
      stderr,
      "paradox: Setting DEVICE has the value 'toaster', which is not allowed: use auto, cpu, webgpu, cuda, cuda:N, or several GPUs such as cuda:0,cuda:1.\n",
    )
    assert.deepEqual([code, stdout], [2, ''])
  }
  const { stderr, code } = await paradox(['serve'], { DEFAULT_MODEL_ID: 'nobody' })
  assert.match(
    stderr,
    /^paradox: Setting DEFAULT_MODEL_ID has the value 'nobody', .* one of freds0, lite_asr, base\.\n$/,
  )
  assert.equal(code, 2)
  const crowded = await paradox(['serve'], { PRELOAD_MODELS: 'base,freds0,base' })
  assert.equal(
    crowded.stderr,
    "paradox: Setting PRELOAD_MODELS has the value 'base,freds0', which is not allowed: use at most 1 of these, or raise MAX_LOADED_MODELS.\n",
  )
  assert.equal(crowded.code, 2)
})

test('models are listed with where they come from and whether they are here', async () => {
  mkdirSync(folder.file('my-model'), { recursive: true })
  writeFileSync(
    folder.file('models.json'),
    JSON.stringify({ mine: { path: 'my-model', strategy: 'whisper', language: 'pt' } }),
  )
  const env = { MODELS_FILE: 'models.json', DEFAULT_MODEL_ID: 'mine' }

  const json = await paradox(['models', '--json'], env)
  assert.equal(json.code, 0)
  const rows = JSON.parse(json.stdout) as { id: string; cached: boolean; default: boolean }[]
  assert.deepEqual(
    rows.map(({ id, cached }) => [id, cached]),
    [
      ['freds0', false],
      ['lite_asr', false],
      ['base', false],
      ['mine', true],
    ],
  )
  assert.deepEqual(rows[3], {
    id: 'mine',
    strategy: 'whisper',
    origin: folder.file('my-model'),
    language: 'pt',
    cached: true,
    default: true,
  })

  const table = await paradox(['models'], env)
  assert.match(table.stdout, /^ID +STRATEGY +ORIGIN +LANGUAGE +CACHED\nfreds0 +distil_whisper +freds0\/\S+ +pt +no\n/)
  assert.match(table.stdout, /\nmine +whisper +\S+ +pt +yes +\(default\)\n$/)
})

test('files that are no recordings give their errors in order, and exit code 1', async () => {
  mkdirSync(folder.file('model'), { recursive: true })
  writeFileSync(folder.file('text.mp3'), 'not a recording '.repeat(1000))
  writeFileSync(folder.file('-empty.wav'), '')
  const files = ['missing.wav', 'text.mp3', '-empty.wav']

  const { stdout, stderr, code } = await paradox([
    'transcribe',
    '--model',
    'model',
    '--format',
    'jsonl',
    '--',
    ...files,
  ])
  assert.equal(code, 1)
  assert.equal(stderr, '')
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    results.map(({ file, model }) => [file, model]),
    files.map((file) => [file, 'model']),
  )
  assert.match(results[0].error, /there is no such file/)
  assert.match(results[1].error, /could not be read as audio/)
  assert.equal(results[2].error, 'The file is empty: send a file that holds a recording.')

  const asText = await paradox(['transcribe', '--model', 'model', 'missing.wav', 'text.mp3'])
  assert.deepEqual([asText.stdout, asText.code], ['', 1])
  assert.match(asText.stderr, /^paradox: missing\.wav: .*\nparadox: text\.mp3: .*\n$/)
})

test('a model that cannot be loaded is named', async () => {
  mkdirSync(folder.file('empty-folder'), { recursive: true })
  folder.make('tone.wav', tone(1))
  const args = ['transcribe', '--model', 'empty-folder', '--format', 'json', 'tone.wav']
  const { stdout, code } = await paradox(args, { LOG_LEVEL: 'silent' })
  assert.equal(code, 1)
  assert.match(JSON.parse(stdout).error, /^Model 'empty-folder' could not be loaded \(.+\): .+\.$/)
})

test('Ctrl-C ends the work with exit code 130', async () => {
  folder.make('tone.aiff', tone(1))
  // It sends the signal itself, at a time when the command is surely at work.
  const ffmpeg = folder.file('interrupting-ffmpeg')
  writeFileSync(ffmpeg, '#!/bin/sh\nkill -INT $PPID\nexec sleep 1000\n')
  chmodSync(ffmpeg, 0o755)
  const args = ['transcribe', '--format', 'jsonl', 'tone.aiff', 'tone.aiff']
  assert.deepEqual(await paradox(args, { FFMPEG_PATH: ffmpeg }), { stdout: '', stderr: '', code: 130 })
})

test('a reader that goes away is not worth a word', async () => {
  const { child, ended } = start(['models'])
  child.stdout.destroy()
  assert.equal(await text(child.stderr), '')
  await ended
})

test('a port in use is said in one sentence, with exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo // a TCP server has no other form of address
  try {
    const { stdout, stderr, code } = await paradox(['serve', '--host', '127.0.0.1', '--port', String(port)], {
      LOG_LEVEL: 'silent',
    })
    assert.match(
      stderr,
      new RegExp(`^paradox: The service cannot listen on 127\\.0\\.0\\.1:${port} \\(it is in use\\): .+\\n$`),
    )
    assert.deepEqual([code, stdout], [1, ''])
  } finally {
    other.close()
  }
})

test('the service answers, and SIGTERM ends it with exit code 0', async () => {
  const { child, ended } = start(['serve', '--host', '127.0.0.1', '--port', '0'])
  let log = ''
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    log += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0]
    if (!url) continue
    const answer = await fetch(`${url}/health`)
    assert.deepEqual(await answer.json(), { status: 'ok', active_model: null })
    child.kill('SIGTERM')
    break
  }
  assert.deepEqual(await ended, [0, null], log)
})

test('models are compiled beforehand, listed by what they take, and pruned', async () => {
  writeRandomCheckpoint(folder.file('tiny'), tinyShape())
  const env = { PARADOX_CACHE_DIR: folder.file('compiled-cache'), THREADS: '1' }
  const compiled = await paradox(['models', 'compile', 'tiny'], env)
  assert.match(compiled.stdout, /^tiny {2}0\.\d\d GB {2}compiled in \d+\.\d s\n$/)
  assert.deepEqual([compiled.stderr, compiled.code], ['', 0])
  assert.match((await paradox(['models', 'compile', 'tiny'], env)).stdout, /was compiled already\n$/)

  const failed = await paradox(['models', 'compile', 'freds0', 'tiny'], env)
  assert.match(failed.stderr, /^paradox: Model 'freds0' could not be loaded/)
  assert.match(failed.stdout, /^tiny .* was compiled already\n$/)
  assert.equal(failed.code, 1)

  assert.equal((await paradox(['models', 'prune'], env)).stdout, 'freed 0.00 GB\n')
  const line = /^tiny {2}0\.\d\d GB {2}all {2}\([0-9a-f]{32}\)\n(would free|freed) 0\.\d\d GB\n$/
  assert.match((await paradox(['models', 'prune', '--all', '--dry-run'], env)).stdout, line)
  assert.match((await paradox(['models', 'prune', '--all'], env)).stdout, line)
  assert.equal((await paradox(['models', 'prune', '--all'], env)).stdout, 'freed 0.00 GB\n')
})
