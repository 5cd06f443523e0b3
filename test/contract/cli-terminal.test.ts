/**
 * `paradox transcribe` in a real pseudo-terminal, and the same in a pipe; a service with scripted answers stands for the
 * model. What was to be seen is kept in test-artefacts/cli.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { TempFolder, tone } from '../helpers/data/audio-files.ts'
import { type Script, scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { folderOfCopies, tempFolder } from '../helpers/rigs/temp-folder.ts'
import { CTRL_C, keepRaw, keepSeen, noTerminal, startInTerminal } from '../helpers/rigs/terminal.ts'

const SECONDS = 300
const ESCAPE = '\x1b'

const skip = noTerminal
const transcriber = scriptedTranscriber()
const source = new TempFolder()
let service: RunningService
let work: Work

before(async () => {
  service = await startService({ transcriber, env: { MAX_CONCURRENCY: '16' } })
  source.make('talk.opus', ['-f', 'lavfi', '-i', `anullsrc=r=16000:cl=mono:d=${SECONDS}`, '-c:a', 'libopus'])
  source.make('tone.wav', tone(1))
})
after(async () => {
  await service.close()
  source[Symbol.dispose]()
})
beforeEach(() => {
  work = holdableWork()
  transcriber.script = work.script
})

interface Work {
  readonly script: Script
  /** Lets the oldest one under way finish. */
  finishOne(): void
  /** Lets all finish, also those that are yet to come. */
  finishAll(): void
}

/** Transcriptions that get to a third of their recording and stay there, telling of it, until they are let go. */
function holdableWork(): Work {
  const held: AbortController[] = []
  const all = new AbortController()
  return {
    async script({ signal, onProgress }) {
      const one = new AbortController()
      held.push(one)
      const released = AbortSignal.any([one.signal, all.signal])
      for (let seconds = 5; !released.aborted; seconds = Math.min(SECONDS / 3, seconds + 5)) {
        onProgress?.(seconds)
        await setTimeout(50, undefined, { signal })
      }
      return transcriptionOf('o que foi dito', SECONDS)
    },
    finishOne: () => held.shift()?.abort(),
    finishAll: () => all.abort(),
  }
}

/** A folder with recordings of these names, five minutes each. */
function recordings(t: TestContext, ...names: readonly string[]): string {
  return folderOfCopies(t, source.file('talk.opus'), names)
}

const transcribe = (...args: readonly string[]) => ['transcribe', '--server', service.baseUrl, ...args]

test('a bar shows what is done, the speed and the rest, and only the text stays', { skip }, async (t) => {
  const cwd = recordings(t, 'talk.opus')
  const terminal = startInTerminal(t, transcribe('talk.opus'), { cwd })
  const [bar, ...more] = await terminal.shows(/1:40 of 5:00 .* left$/)
  assert.match(bar!, /^talk\.opus █+░+ {2}33 % {2}1:40 of 5:00 {2}[\d.]+ × real time {2}\d+:\d\d left$/)
  assert.deepEqual(more, [])
  work.finishAll()
  assert.equal(await terminal.ended, 0)
  keepRaw('transcribe', terminal)
  keepSeen('transcribe', { 'under way': [bar!], 'at the end': terminal.screen.rows })
  assert.deepEqual(terminal.screen.rows, ['o que foi dito'])
  assert.equal(terminal.mostRows, 1)
  assert.ok(terminal.screen.showsCursor)
})

test('of a folder it shows all and each, and a line for what is finished', { skip }, async (t) => {
  const cwd = recordings(t, 'in/1 reunião.opus', 'in/2 🎙️.opus', 'in/3.opus')
  writeFileSync(join(cwd, 'in/0.wav'), '')
  const args = transcribe('--recursive', '--jobs', '2', '--output-dir', 'out', '--format', 'text,srt', 'in')
  const terminal = startInTerminal(t, args, { cwd, columns: 100 })
  const first = await terminal.shows(/1 reunião\.opus.*1:40 of 5:00\n2 🎙️\.opus.*1:40 of 5:00/)
  assert.equal(first[0], 'paradox: in/0.wav: The file is empty: send a file that holds a recording.')
  assert.match(first[1]!, /^1 of 4 files █+░+ {2}\d+ %/)
  work.finishOne()
  const second = await terminal.shows(/2 of 4 files.* left\n/)
  work.finishAll()
  assert.equal(await terminal.ended, 1)
  const { rows } = terminal.screen
  keepRaw('transcribe-folder', terminal)
  keepSeen('transcribe-folder', { 'under way': first, 'one is done': second, 'at the end': rows })
  assert.equal(rows.length, 5)
  assert.match(
    rows[1]!,
    /^in\/1 reunião\.opus → 1 reunião\.txt, 1 reunião\.srt {2}\(5:00 in \d+:\d\d, .+ × real time\)$/,
  )
  assert.equal(rows.at(-1), '3 done (15:00), 1 failed')
  for (const row of rows) assert.doesNotMatch(row, /[█░]/, 'a piece of a bar was left')
})

test('a terminal of 40 columns gets one row for each bar', { skip }, async (t) => {
  const names = ['a.opus', 'uma reunião com um nome comprido 🎙️.opus']
  const cwd = recordings(t, ...names)
  const terminal = startInTerminal(t, transcribe('--jobs', '2', ...names), { cwd, columns: 40, rows: 10 })
  const rows = await terminal.shows(/left\n.*33 %.*\n.*33 %/)
  assert.equal(terminal.mostRows, 3)
  assert.match(rows[0]!, /^0 of 2 files {2}\d+ % {2}[\d.]+× {2}\d+:\d\d left$/)
  assert.match(rows[1]!, /^a\.opus █+░+ {2}33 % {2}1:40 of 5:00$/)
  assert.match(rows[2]!, /^uma reunião.*… {2}33 % {2}1:40 of 5:00$/)
  work.finishAll()
  assert.equal(await terminal.ended, 0)
  keepRaw('transcribe-40-columns', terminal)
  keepSeen('transcribe-40-columns', { 'under way': rows, 'at the end': terminal.screen.rows })
  assert.deepEqual(terminal.screen.rows, [
    '==> a.opus <==',
    'o que foi dito',
    '',
    '==> uma reunião com um nome comprido 🎙️.',
    'opus <==',
    'o que foi dito',
  ])
})

test('more files at a time than rows leave nothing behind', { skip }, async (t) => {
  const names = Array.from({ length: 12 }, (_, i) => `${i}.opus`)
  const cwd = recordings(t, ...names)
  const args = transcribe('--jobs', '12', '--output-dir', 'out', ...names)
  const terminal = startInTerminal(t, args, { cwd, rows: 6 })
  const rows = await terminal.shows(/(33 %.*\n.*){4}33 %/)
  assert.equal(rows.length, 5)
  work.finishAll()
  assert.equal(await terminal.ended, 0)
  keepSeen('transcribe-6-rows', { 'under way': rows, 'at the end': terminal.screen.rows })
  assert.equal(terminal.screen.rows.length, names.length + 1)
  for (const row of terminal.screen.rows.slice(0, -1)) assert.match(row, /^\d+\.opus → \d+\.txt {2}\(/)
})

test('Ctrl-C keeps what is finished, says so, and gives the terminal back as it was', { skip }, async (t) => {
  const cwd = recordings(t, '1.opus', '2.opus', '3.opus')
  const terminal = startInTerminal(t, transcribe('--output-dir', 'out', '1.opus', '2.opus', '3.opus'), { cwd })
  await terminal.shows(/1\.opus .*33 %/)
  work.finishOne()
  const before = await terminal.shows(/2\.opus .*33 %/)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended, 130)
  const { rows, showsCursor } = terminal.screen
  keepRaw('transcribe-interrupted', terminal)
  keepSeen('transcribe-interrupted', { 'before Ctrl-C': before, 'at the end': rows })
  assert.equal(rows.length, 2)
  assert.match(rows[0]!, /^1\.opus → 1\.txt {2}\(5:00 in /)
  assert.equal(rows[1], 'paradox: interrupted; done and kept: 1 of 3 files')
  assert.ok(showsCursor)
  assert.deepEqual(readdirSync(join(cwd, 'out')), ['1.txt'])
})

test('Ctrl-C behind a bar as wide as it may be leaves no piece of it', { skip }, async (t) => {
  const name = `${'x'.repeat(90)}.opus`
  const cwd = recordings(t, name)
  const terminal = startInTerminal(t, transcribe(name), { cwd })
  await terminal.shows(/^x.*left$/)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended, 130)
  assert.deepEqual(terminal.screen.rows, [])
})

test('standard input that is the terminal is refused, since nobody types a recording', { skip }, async (t) => {
  const terminal = startInTerminal(t, transcribe('-'), { cwd: tempFolder(t), columns: 120 })
  assert.equal(await terminal.ended, 2)
  assert.deepEqual(terminal.screen.rows, [
    "paradox: Option file has the value '-', which is not allowed: use it with a recording that is piped in, such as - < talk",
    '.wav.',
  ])
})

test('results that go to a file leave the bar on the terminal', { skip }, async (t) => {
  const cwd = recordings(t, 'talk.opus')
  const options = { cwd, redirection: '> out.jsonl' }
  const terminal = startInTerminal(t, transcribe('--format', 'jsonl', 'talk.opus'), options)
  await terminal.shows(/talk\.opus .*33 %/)
  work.finishAll()
  assert.equal(await terminal.ended, 0)
  assert.deepEqual(terminal.screen.rows, [])
  assert.equal(JSON.parse(readFileSync(join(cwd, 'out.jsonl'), 'utf8')).text, 'o que foi dito')
})

test('nothing is coloured, with and without NO_COLOR, and a dumb terminal gets plain lines', { skip }, async (t) => {
  const cwd = recordings(t, 'talk.opus')
  for (const env of [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '1' }]) {
    work = holdableWork()
    transcriber.script = work.script
    const terminal = startInTerminal(t, transcribe('talk.opus', 'gone.opus'), { cwd, env })
    await terminal.shows(/talk\.opus .*33 %/)
    work.finishAll()
    assert.equal(await terminal.ended, 1)
    assert.doesNotMatch(terminal.raw, new RegExp(`${ESCAPE}\\[[0-9;]*m`))
  }
  const dumb = startInTerminal(t, transcribe('talk.opus', 'gone.opus'), { cwd, env: { TERM: 'dumb' } })
  assert.equal(await dumb.ended, 1)
  assert.ok(!dumb.raw.includes(ESCAPE))
  assert.equal(dumb.screen.rows[1], 'o que foi dito')
})

test('serve says on a terminal where the page and the API are', { skip }, async (t) => {
  const terminal = startInTerminal(t, ['serve', '--port', '0'], { cwd: tempFolder(t), columns: 120 })
  const rows = await terminal.shows(/^Paradox ASR: .*; Ctrl-C ends it$/m)
  const greeting = rows.find((row) => row.startsWith('Paradox ASR:'))
  const [, address] = /^Paradox ASR: the page (http:\/\/localhost:\d+), the API \1\/docs; Ctrl-C ends it$/.exec(
    greeting!,
  )!
  assert.equal((await fetch(`${address}/health`)).status, 200)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended, 0)
  keepSeen('serve', { 'as it was started by hand': rows })
})

test('in a pipe there are plain lines and no escapes', async (t) => {
  const names = ['1 reunião.opus', '2 🎙️.opus']
  const cwd = recordings(t, ...names)
  work.finishAll()
  const seen: Record<string, string> = {}
  for (const [part, args] of [
    ['texts', transcribe(...names)],
    ['files', transcribe('--output-dir', 'out', ...names, 'gone.wav')],
  ] as const) {
    const { stdout, stderr, code } = await paradox(args, { cwd, env: { FORCE_COLOR: '1', TERM: 'xterm-256color' } })
    seen[`${part}: standard output`] = stdout
    seen[`${part}: standard error, exit code ${code}`] = stderr
    assert.ok(!`${stdout}${stderr}`.includes(ESCAPE) && !`${stdout}${stderr}`.includes('\r'))
  }
  keepSeen('transcribe-in-a-pipe', seen)
  assert.equal(seen['texts: standard error, exit code 0'], '')
  const lines = seen['files: standard error, exit code 1']!.trimEnd().split('\n')
  assert.equal(lines.length, 4)
  assert.equal(lines.at(-1), '2 done (10:00), 1 failed')
  assert.equal(basename(lines[2]!.split(': ')[1]!), 'gone.wav')
})
