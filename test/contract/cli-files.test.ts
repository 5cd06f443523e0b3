/** `paradox transcribe` into files, from outside; a service with scripted answers stands for the model. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Script, scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { type CommandOptions, paradox, startParadox } from '../helpers/rigs/command-line.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { smallDisk } from '../helpers/rigs/small-disk.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'

const transcriber = scriptedTranscriber()
let service: RunningService

before(async () => {
  service = await startService({ transcriber, env: { API_KEYS: 'first-key,second-key' } })
})
after(() => service.close())

/** The recordings are texts, and what is said in them is what they hold. */
const echo: Script = async ({ audioPath }) => transcriptionOf(await readFile(audioPath, 'utf8'))

/** A folder with recordings, by name and what is said in them. */
function recordings(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = tempFolder(t)
  for (const [name, said] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), said)
  }
  transcriber.script = echo
  return folder
}

async function transcribe(cwd: string, args: readonly string[], options: Partial<CommandOptions> = {}) {
  const { env = {}, ...others } = options
  const all = ['transcribe', '--server', service.baseUrl, ...args]
  return await paradox(all, { cwd, env: { PARADOX_API_KEY: 'first-key', ...env }, ...others })
}

/** The files below a folder, hidden ones too. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .filter((name) => !name.startsWith('.home/'))
    .sort()
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

test('a folder becomes a folder of texts in several formats, sub-folders and all, and nothing on standard output', async (t) => {
  const cwd = recordings(t, { 'in/a.wav': 'alpha', 'in/b/c.mp3': 'gamma', 'in/notes.txt': 'no recording' })
  const { stdout, stderr, code } = await transcribe(cwd, [
    ...['--recursive', '--output-dir', 'out', '--format', 'text,json', '--format', 'srt'],
    'in',
  ])
  assert.deepEqual([code, stdout], [0, ''], stderr)
  assert.deepEqual(filesIn(join(cwd, 'out')), ['a.json', 'a.srt', 'a.txt', 'b/c.json', 'b/c.srt', 'b/c.txt'])
  assert.equal(read(cwd, 'out/b/c.txt'), 'gamma\n')
  assert.deepEqual(JSON.parse(read(cwd, 'out/a.json')), {
    ...{ file: 'in/a.wav', model: 'default', language: 'pt', duration: 2, text: 'alpha' },
  })
  const [first, second, total, ...more] = stderr.split('\n')
  assert.match(first!, /^in\/a\.wav → a\.txt, a\.json, a\.srt {2}\(0:02 in \d+:\d\d, .+ × real time\)$/)
  assert.match(second!, /^in\/b\/c\.mp3 → c\.txt, c\.json, c\.srt {2}\(/)
  assert.deepEqual([total, more], ['2 done (0:04)', ['']])
})

test('a pattern in quotes, files by name and standard input give their texts in order', async (t) => {
  const cwd = recordings(t, { 'x/1.wav': 'one', 'x/2.wav': 'two', 'x/10.wav': 'ten', 'y.ogg': 'why' })
  const args = ['--format', 'jsonl', '--jobs', '3', 'y.ogg', '-', 'x/*.wav']
  const { stdout, stderr, code } = await transcribe(cwd, args, { stdin: 'from the pipe' })
  assert.deepEqual([code, stderr], [0, ''])
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    rows.map(({ file, text }) => [file, text]),
    [
      ['y.ogg', 'why'],
      ['-', 'from the pipe'],
      ['x/1.wav', 'one'],
      ['x/2.wav', 'two'],
      ['x/10.wav', 'ten'],
    ],
  )
})

test('names with spaces, emoji, line ends, quotes and dashes are names like any other', async (t) => {
  const names = ['a b.wav', '🎙️ ação.wav', 'line\nbreak.wav', 'it\'s $(x) "y".wav', '-n.wav', '--jobs.wav', '%s[1].wav']
  const cwd = recordings(t, Object.fromEntries(names.map((name) => [name, `said in ${name}`])))
  const { stderr, code } = await transcribe(cwd, ['--output-dir', 'out', '--', ...names])
  assert.equal(code, 0, stderr)
  assert.deepEqual(filesIn(join(cwd, 'out')), names.map((name) => name.replace('.wav', '.txt')).sort())
  for (const name of names) assert.equal(read(cwd, 'out', name.replace('.wav', '.txt')), `said in ${name}\n`)
  assert.match(stderr, /^line\\nbreak\.wav → line\\nbreak\.txt/m)
  assert.equal(stderr.split('\n').length, names.length + 2, 'a line for each')

  const missing = await transcribe(cwd, ['no\nsuch\x1b[31m.wav'])
  assert.match(
    missing.stderr,
    /^paradox: no\\nsuch\?\[31m\.wav: The file could not be read as audio \(there is no such file\)/,
  )
})

test('fifty files at once are all there, four at a time', async (t) => {
  const names = Array.from({ length: 50 }, (_, i) => `clip ${i}.wav`)
  const cwd = recordings(t, Object.fromEntries(names.map((name) => [name, name])))
  const { stdout, stderr, code } = await transcribe(cwd, ['--jobs', '4', '--output-dir', 'out', ...names])
  assert.deepEqual([code, stdout], [0, ''], stderr)
  for (const name of names) assert.equal(read(cwd, 'out', name.replace('.wav', '.txt')), `${name}\n`)
  assert.match(stderr, /\n50 done \(1:40\)\n$/)
})

test('what is there is not replaced unasked, and what is skipped is not even sent', async (t) => {
  const cwd = recordings(t, { 'a.wav': 'new a', 'b.wav': 'new b', 'out/a.txt': 'old a' })
  const args = ['--output-dir', 'out', 'a.wav', 'b.wav']
  const refused = await transcribe(cwd, args)
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /^paradox: a\.wav: The output 'a\.txt' is there already: add --overwrite to replace it, or --skip-existing to leave it as it is\.$/m,
  )
  assert.deepEqual([read(cwd, 'out/a.txt'), read(cwd, 'out/b.txt')], ['old a', 'new b\n'])

  transcriber.requests.length = 0
  const skipped = await transcribe(cwd, ['--skip-existing', ...args])
  assert.deepEqual([skipped.code, transcriber.requests.length, read(cwd, 'out/a.txt')], [0, 0, 'old a'])
  assert.match(skipped.stderr, /^a\.wav: skipped, its outputs are there$/m)
  assert.match(skipped.stderr, /^0 done \(0:00\), 2 skipped$/m)

  // A format that is missing is written, beside the ones that are there.
  assert.equal((await transcribe(cwd, ['--skip-existing', '--format', 'text,srt', ...args])).code, 0)
  assert.deepEqual([read(cwd, 'out/a.txt'), existsSync(join(cwd, 'out/a.srt'))], ['old a', true])

  const quiet = await transcribe(cwd, ['--overwrite', '--quiet', ...args])
  assert.deepEqual([quiet.code, quiet.stderr, read(cwd, 'out/a.txt')], [0, '', 'new a\n'])
})

test('two recordings that would have the same output are told apart, and one of them is done', async (t) => {
  const cwd = recordings(t, { 'a/x.wav': 'first', 'b/x.mp3': 'second' })
  const { stderr, code } = await transcribe(cwd, ['--output-dir', 'out', 'a/x.wav', 'b/x.mp3'])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^paradox: b\/x\.mp3: The output 'x\.txt' is also that of 'a\/x\.wav': transcribe this file by itself/m,
  )
  assert.equal(read(cwd, 'out/x.txt'), 'first\n')
})

test('a bad file has a message of its own, and the others go on', async (t) => {
  const cwd = recordings(t, { 'good.wav': 'good', 'empty.wav': '', 'folder/x.txt': '' })
  const args = ['--output-dir', 'out', 'empty.wav', 'folder', 'gone.wav', 'no*.wav', 'good.wav']
  const { stderr, code } = await transcribe(cwd, args)
  assert.equal(code, 1)
  assert.match(stderr, /^paradox: empty\.wav: The file is empty: send a file that holds a recording\.$/m)
  assert.match(stderr, /^paradox: folder: 'folder' is a folder: add --recursive to transcribe what is in it\.$/m)
  assert.match(stderr, /^paradox: gone\.wav: The file could not be read as audio \(there is no such file\)/m)
  assert.match(stderr, /^paradox: no\*\.wav: Nothing matches this pattern: /m)
  assert.match(stderr, /^1 done \(0:02\), 4 failed$/m)
  assert.deepEqual(filesIn(join(cwd, 'out')), ['good.txt'])
})

test('an output folder where none can be made is named, and nothing hangs', async (t) => {
  if (!existsSync('/proc/self')) return t.skip(skipped('machine', 'there is no /proc here'))
  const cwd = recordings(t, { 'a.wav': 'a' })
  const { stderr, code } = await transcribe(cwd, ['--output-dir', '/proc/no/where', 'a.wav'])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^paradox: a\.wav: The output 'a\.txt' could not be written \(it is not there and cannot be made\)/,
  )
})

test('an output folder that cannot be one is named at each file, and nothing is sent', async (t) => {
  const cwd = recordings(t, { 'a.wav': 'a', file: 'x' })
  transcriber.requests.length = 0
  const { stderr, code } = await transcribe(cwd, ['--output-dir', 'file', 'a.wav'])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^paradox: a\.wav: The output 'a\.txt' could not be written \(a file has the name of its folder\)/,
  )
  assert.equal(transcriber.requests.length, 0)
})

test('a full disk and a read-only one are named at the file, and nothing half-written stays', async (t) => {
  const long = 'many words '.repeat(20_000)
  const cwd = recordings(t, { 'long.wav': long, 'short.wav': 'few words' })
  using small = smallDisk(join(cwd, 'full'), 'size=64k')
  if (!small) return t.skip(skipped('machine', 'this user may not mount a file system'))
  const args = ['--output-dir', 'full', '--format', 'text,json', 'long.wav', 'short.wav']
  const full = await transcribe(cwd, args, { env: { TEMP_DIR: join(cwd, 'temp') } })
  assert.equal(full.code, 1)
  assert.match(
    full.stderr,
    /^paradox: long\.wav: The output 'long\.txt' could not be written \(the disk is full\): choose a folder/m,
  )
  assert.deepEqual(filesIn(join(cwd, 'full')), ['short.json', 'short.txt'])
  const [, kept = ''] = /^long\.wav: its transcript is kept in (.*)$/m.exec(full.stderr) ?? []
  assert.deepEqual(
    filesIn(join(cwd, 'temp')).sort(),
    ['long.json', 'long.txt'].map((name) => join(basename(kept), name)),
  )
  assert.ok(read(kept, 'long.txt') === `${long}\n`)
  const nowhere = await transcribe(cwd, args, { env: { TEMP_DIR: join(cwd, 'short.wav/temp') } })
  assert.match(nowhere.stderr, /^long\.wav: its transcript is printed, since TEMP_DIR cannot be written either$/m)
  assert.match(nowhere.stdout, /^==> long\.txt <==\nmany words /)

  using fixedDisk = smallDisk(join(cwd, 'fixed'), 'ro,size=64k')
  assert.ok(fixedDisk)
  const fixed = await transcribe(cwd, ['--output-dir', 'fixed', 'short.wav'])
  assert.match(
    fixed.stderr,
    /^paradox: short\.wav: The output 'short\.txt' could not be written \(the disk is read-only\)/,
  )
})

test('Ctrl-C keeps what is finished, says so, and leaves nothing else', async (t) => {
  const cwd = recordings(t, { '1.wav': 'one', '2.wav': 'two', '3.wav': 'three' })
  const began = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  transcriber.script = async (request) => {
    if ((await readFile(request.audioPath, 'utf8')) === 'one') return transcriptionOf('one')
    request.signal.addEventListener('abort', () => aborted.resolve())
    began.resolve()
    await aborted.promise
    throw new DOMException('aborted', 'AbortError')
  }
  const env = { PARADOX_API_KEY: 'first-key' }
  const args = ['transcribe', '--server', service.baseUrl, '--output-dir', 'out', '1.wav', '2.wav', '3.wav']
  const running = startParadox(args, { cwd, env })
  await began.promise
  running.child.kill('SIGINT')
  const { stdout, stderr, code } = await running.ended
  assert.deepEqual([code, stdout], [130, ''])
  assert.match(stderr, /\nparadox: interrupted; done and kept: 1 of 3 files\n$/)
  assert.deepEqual(filesIn(join(cwd, 'out')), ['1.txt'])
  await aborted.promise // the service was told
})

test('json of several files that is interrupted has those that were finished', async (t) => {
  const cwd = recordings(t, { '1.wav': 'one', '2.wav': 'two' })
  const began = Promise.withResolvers<void>()
  transcriber.script = async (request) => {
    if ((await readFile(request.audioPath, 'utf8')) === 'one') return transcriptionOf('one')
    began.resolve()
    await once(request.signal, 'abort')
    throw new DOMException('aborted', 'AbortError')
  }
  const env = { PARADOX_API_KEY: 'first-key' }
  const args = ['transcribe', '--server', service.baseUrl, '--format', 'json', '1.wav', '2.wav']
  const running = startParadox(args, { cwd, env })
  await began.promise
  running.child.kill('SIGTERM')
  const { stdout, code } = await running.ended
  assert.equal(code, 143)
  assert.deepEqual(
    (JSON.parse(stdout) as { text: string }[]).map(({ text }) => text),
    ['one'],
  )
})

test('json of several files is there as it comes, for one who is killed at the last', async (t) => {
  const cwd = recordings(t, { '1.wav': 'one', '2.wav': 'two' })
  transcriber.script = async (request) => {
    if ((await readFile(request.audioPath, 'utf8')) === 'one') return transcriptionOf('one')
    running.child.kill('SIGKILL')
    throw new DOMException('aborted', 'AbortError')
  }
  const args = ['transcribe', '--server', service.baseUrl, '--format', 'json', '1.wav', '2.wav']
  const running = startParadox(args, { cwd, env: { PARADOX_API_KEY: 'first-key' } })
  const { stdout } = await running.ended
  assert.deepEqual(
    (JSON.parse(`${stdout}]`) as { text: string }[]).map(({ text }) => text),
    ['one'],
  )
})

test('a recording from a pipe that a killed command left is deleted when any other starts', async (t) => {
  const cwd = recordings(t, {})
  const env = { PARADOX_API_KEY: 'first-key', TEMP_DIR: join(cwd, 'temp') }
  const began = Promise.withResolvers<void>()
  transcriber.script = async (request) => {
    began.resolve()
    await once(request.signal, 'abort')
    throw new DOMException('aborted', 'AbortError')
  }
  const args = ['transcribe', '--server', service.baseUrl, '-']
  const killed = startParadox(args, { cwd, env, stdin: 'a secret' })
  await began.promise
  killed.child.kill('SIGKILL')
  await killed.ended
  const [left] = readdirSync(join(cwd, 'temp'))
  assert.match(left ?? '', /^paradox-asr-\d+-\d+-stdin-\w{6}$/)
  assert.equal((await paradox(['completion', 'bash'], { cwd, env })).code, 0)
  assert.deepEqual(readdirSync(join(cwd, 'temp')), [])
})

test('a service that goes away in the middle fails that file, and the next are sent again', async (t) => {
  const cwd = recordings(t, { '1.wav': 'one', '2.wav': 'two', '3.wav': 'three' })
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = createConnection(service.port, '127.0.0.1')
    for (const socket of [client, server]) socket.on('error', () => {}).on('close', () => sockets.delete(client))
    sockets.add(client)
    client.pipe(server).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => proxy.close())
  transcriber.script = async (request) => {
    const said = await readFile(request.audioPath, 'utf8')
    if (said === 'two') {
      request.onProgress?.(1)
      for (const socket of sockets) socket.resetAndDestroy()
    }
    return transcriptionOf(said)
  }
  const { port } = proxy.address() as { port: number } // a TCP server has no other form of address
  const { stderr, code } = await transcribe(cwd, [
    ...['--server', `http://127.0.0.1:${port}`, '--output-dir', 'out'],
    ...['1.wav', '2.wav', '3.wav'],
  ])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^paradox: 2\.wav: The service at http:\/\/127\.0\.0\.1:\d+ went away before its answer was complete: see whether it still runs, then transcribe this file again\.$/m,
  )
  assert.deepEqual(filesIn(join(cwd, 'out')), ['1.txt', '3.txt'])
})

test('the key comes from a flag or the environment, and a wrong one ends the command', async (t) => {
  const cwd = recordings(t, { 'a.wav': 'a', 'b.wav': 'b' })
  const wrong = await transcribe(cwd, ['a.wav', 'b.wav'], { env: { PARADOX_API_KEY: 'wrong-key' } })
  assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
  assert.match(
    wrong.stderr,
    /^paradox: The API key is not one that this service knows: .*\(--api-key, or PARADOX_API_KEY\)\n$/,
  )
  assert.doesNotMatch(wrong.stderr, /wrong-key/)
  const right = await transcribe(cwd, ['--api-key', 'second-key', 'a.wav'], { env: { PARADOX_API_KEY: '' } })
  assert.deepEqual(right, { stdout: 'a\n', stderr: '', code: 0 })
})

test('the options go along to the service, under the names and with the values of this command', async (t) => {
  const cwd = recordings(t, { 'a.wav': 'a' })
  transcriber.requests.length = 0
  const args = ['--model', 'base', '--language', 'português', '--beam-size', '2', '--temperature', '0']
  assert.equal((await transcribe(cwd, [...args, '--no-vad-filter', '--task', 'translate', 'a.wav'])).code, 0)
  const [request] = transcriber.requests
  assert.deepEqual([request?.modelId, request?.language], ['base', 'pt'])
  assert.deepEqual(request?.options, { task: 'translate', beamSize: 2, temperature: [0], vadFilter: false })
  const logprobs = await transcribe(cwd, ['--format', 'verbose_json', '--logprobs', 'a.wav'])
  assert.match(logprobs.stderr, /^paradox: Option logprobs .*: use false with --server\.\n$/)
  assert.equal(logprobs.code, 2)
  const unknown = await transcribe(cwd, ['--model', 'nobody', 'a.wav'])
  assert.match(unknown.stderr, /^paradox: Model 'nobody' is not known/)
  assert.equal(unknown.code, 2)
})

test('contradictions of flags are told before anything is done', async (t) => {
  const cwd = recordings(t, { 'a.wav': 'a', 'b.wav': 'b' })
  transcriber.requests.length = 0
  for (const [args, message] of [
    [['--format', 'srt,json', 'a.wav'], /Option format has the value 'srt,json'.*--output-dir/],
    [['--format', 'srt', '*.wav'], /Option format has the value 'srt'.*one file at a time/],
    [['--overwrite', 'a.wav'], /Option --overwrite /],
    [['--output-dir', 'o', '--overwrite', '--skip-existing', 'a.wav'], /either it or --skip-existing/],
    [['--jobs', '0', 'a.wav'], /Option jobs has the value '0'.*1 to 64/],
    [['--format', 'srt,xml', 'a.wav'], /Allowed choices are text/],
    [['-', '-'], /Option file has the value '-'.*once/],
    [['--server', 'ftp://x', 'a.wav'], /Option server has the value 'ftp:\/\/x'/],
  ] as const) {
    const { stderr, code } = await transcribe(cwd, args)
    assert.match(stderr, message)
    assert.equal(code, 2, args.join(' '))
  }
  assert.equal(transcriber.requests.length, 0)
  assert.deepEqual(globSync('o/**', { cwd }), [])
})
