/** `paradox watch` from outside; a service with scripted answers stands for the model. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { AudioUnreadableError, RemoteError, toWire } from '../../src/errors/index.ts'
import { scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { type RunningCommand, startParadox } from '../helpers/rigs/command-line.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { smallDisk } from '../helpers/rigs/small-disk.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const transcriber = scriptedTranscriber()
let service: RunningService

before(async () => {
  service = await startService({ transcriber })
})
after(() => service.close())

/** A watched folder `in`; the recordings in it are texts, and what is said in them is what they hold. */
function newFolder(t: TestContext): string {
  transcriber.requests.length = 0
  transcriber.script = async ({ audioPath }) => {
    const said = await readFile(audioPath, 'utf8')
    if (said === 'bad') throw new RemoteError(toWire(new AudioUnreadableError('it is bad')))
    return transcriptionOf(said)
  }
  const cwd = tempFolder(t)
  mkdirSync(join(cwd, 'in/sub'), { recursive: true })
  return cwd
}

async function watching(t: TestContext, cwd: string, ...args: readonly string[]): Promise<RunningCommand> {
  const command = startParadox(['watch', '--server', service.baseUrl, '--settle', '0.3', ...args, 'in'], { cwd })
  t.after(() => command.child.kill('SIGKILL'))
  await command.said(/watching in/)
  return command
}

/** As Ctrl-C does; gives what was said. */
async function stop({ child, ended }: RunningCommand): Promise<string> {
  child.kill('SIGINT')
  const { stdout, stderr, code } = await ended
  assert.deepEqual([code, stdout], [0, ''], stderr)
  return stderr
}

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

test('what lies in the folder and what comes is transcribed once, also after a restart', async (t) => {
  const cwd = newFolder(t)
  writeFileSync(join(cwd, 'in/old.wav'), 'was there')
  writeFileSync(join(cwd, 'in/notes.txt'), 'no recording')
  const first = await watching(t, cwd, '--format', 'text,json')
  await first.said(/old\.wav → old\.txt, old\.json/)
  writeFileSync(join(cwd, 'in/🎙️ new.wav'), 'has come')
  writeFileSync(join(cwd, 'in/sub/deep.wav'), 'too deep')
  await first.said(/new\.wav → .*new\.txt/)
  assert.match(await stop(first), /\nparadox: stopped watching; 2 done, 0 failed\n$/)
  assert.deepEqual([read(cwd, 'in/old.txt'), read(cwd, 'in/🎙️ new.txt')], ['was there\n', 'has come\n'])

  const second = await watching(t, cwd, '--format', 'text,json')
  writeFileSync(join(cwd, 'in/later.wav'), 'later')
  await second.said(/later\.wav → /)
  writeFileSync(join(cwd, 'in/last.wav'), 'last') // when it is done, what was there at the start has been looked at
  await second.said(/last\.wav → /)
  // Who deletes a transcript gets it anew, when the recording is seen again.
  rmSync(join(cwd, 'in/old.txt'))
  utimesSync(join(cwd, 'in/old.wav'), new Date(), new Date())
  await second.said(/old\.wav → old\.txt {2}/)
  assert.match(await stop(second), /; 3 done, 0 failed\n$/)
  assert.deepEqual(
    transcriber.requests.length,
    5,
    'old, new, later, last, and old once more; the one in the sub-folder never',
  )
})

test('a file that still grows is waited for', async (t) => {
  const cwd = newFolder(t)
  const command = await watching(t, cwd, '--output-dir', 'out', '--settle', '1')
  const path = join(cwd, 'in/growing.wav')
  writeFileSync(path, 'a')
  for (let i = 0; i < 8; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200)) // it is the time that is tested
    appendFileSync(path, 'b')
  }
  await command.said(/growing\.wav → growing\.txt/)
  await stop(command)
  assert.equal(read(cwd, 'out/growing.txt'), 'abbbbbbbb\n')
  assert.equal(transcriber.requests.length, 1)
})

test('one that changes while it is worked on is transcribed again, and only the last text is kept', async (t) => {
  const cwd = newFolder(t)
  const path = join(cwd, 'in/talk.wav')
  const { script } = transcriber
  transcriber.script = async (request) => {
    if (transcriber.requests.length === 1) appendFileSync(path, ' and the rest')
    return await script(request)
  }
  const command = await watching(t, cwd)
  writeFileSync(path, 'the beginning')
  await command.said(/talk\.wav: it has changed meanwhile, so it is transcribed again/)
  await command.said(/talk\.wav → talk\.txt/)
  await stop(command)
  assert.equal(read(cwd, 'in/talk.txt'), 'the beginning and the rest\n')
})

test('a copy that stalls for longer than the settle time has its whole transcript in the end', async (t) => {
  const cwd = newFolder(t)
  const command = await watching(t, cwd)
  const path = join(cwd, 'in/a.wav')
  writeFileSync(path, 'the beginning')
  await command.said(/a\.wav → a\.txt/)
  appendFileSync(path, ' and the rest')
  await command.said(/(?:a\.wav → a\.txt[\s\S]*){2}/)
  assert.match(await stop(command), /; 2 done, 0 failed\n$/)
  assert.equal(read(cwd, 'in/a.txt'), 'the beginning and the rest\n')
})

test('a new recording under a used name is transcribed, and a corrected transcript is left, also after kill -9', async (t) => {
  const cwd = newFolder(t)
  const killed = await watching(t, cwd)
  for (const name of ['REC1', 'REC2', 'REC3']) writeFileSync(join(cwd, `in/${name}.WAV`), `${name} on monday`)
  for (const name of ['REC1', 'REC2', 'REC3']) await killed.said(new RegExp(`${name}\\.WAV → `))
  killed.child.kill('SIGKILL')
  await killed.ended
  for (const name of ['REC1', 'REC2']) writeFileSync(join(cwd, `in/${name}.WAV`), `${name} on friday`)
  writeFileSync(join(cwd, 'in/REC2.txt'), 'corrected')
  const command = await watching(t, cwd)
  await command.said(/REC1\.WAV → REC1\.txt/)
  await command.said(
    /^paradox: REC2\.WAV: The recording is newer than 'REC2\.txt', which is not as this watch wrote it/m,
  )
  assert.match(await stop(command), /; 1 done, 1 failed\n$/)
  const texts = ['REC1', 'REC2', 'REC3'].map((name) => read(cwd, `in/${name}.txt`))
  assert.deepEqual(texts, ['REC1 on friday\n', 'corrected', 'REC3 on monday\n'])
  assert.equal(transcriber.requests.length, 4)
})

test('what comes while the disk is full is transcribed when there is room', async (t) => {
  const cwd = newFolder(t)
  using disk = smallDisk(join(cwd, 'out'), 'size=100k')
  if (!disk) return t.skip(skipped('machine', 'this user may not mount a file system'))
  const filler = join(cwd, 'out/filler')
  assert.throws(() => writeFileSync(filler, Buffer.alloc(200_000)), { code: 'ENOSPC' })
  const command = await watching(t, cwd, '--output-dir', 'out')
  writeFileSync(join(cwd, 'in/a.wav'), 'alpha')
  await command.said(/^paradox: a\.wav: The output 'a\.txt' could not be written \(the disk is full\)/m)
  await command.said(/^a\.wav: it is tried again in 5 s$/m)
  assert.equal(transcriber.requests.length, 0, 'no work is done whose result has no room')
  rmSync(filler)
  await command.said(/^a\.wav → a\.txt/m)
  await stop(command)
  assert.equal(read(cwd, 'out/a.txt'), 'alpha\n')
})

test('what cannot be looked at does not end the watch', async (t) => {
  const cwd = newFolder(t)
  symlinkSync('loop.wav', join(cwd, 'in/loop.wav'))
  const command = await watching(t, cwd, '--recursive')
  writeFileSync(join(cwd, 'in/good.wav'), 'good')
  await command.said(/good\.wav → good\.txt/)
  rmSync(join(cwd, 'in/sub'), { recursive: true })
  writeFileSync(join(cwd, 'in/later.wav'), 'later')
  await command.said(/later\.wav → later\.txt/)
  await stop(command)
})

test('sub-folders are watched where that is asked for, and mirrored', async (t) => {
  const cwd = newFolder(t)
  const command = await watching(t, cwd, '--recursive', '--output-dir', 'out')
  writeFileSync(join(cwd, 'in/sub/deep.wav'), 'deep')
  mkdirSync(join(cwd, 'in/later'))
  writeFileSync(join(cwd, 'in/later/x.mp3'), 'x')
  await command.said(/sub\/deep\.wav → deep\.txt/)
  await command.said(/later\/x\.mp3 → x\.txt/)
  await stop(command)
  assert.deepEqual([read(cwd, 'out/sub/deep.txt'), read(cwd, 'out/later/x.txt')], ['deep\n', 'x\n'])
})

test('a recording that fails is told once, and tried again when it has changed', async (t) => {
  const cwd = newFolder(t)
  const command = await watching(t, cwd)
  writeFileSync(join(cwd, 'in/x.wav'), 'bad')
  await command.said(/^paradox: x\.wav: The file could not be read as audio \(it is bad\)/m)
  writeFileSync(join(cwd, 'in/good.wav'), 'good')
  await command.said(/good\.wav → /)
  assert.equal(existsSync(join(cwd, 'in/x.txt')), false)
  writeFileSync(join(cwd, 'in/x.wav'), 'better')
  await command.said(/x\.wav → x\.txt/)
  assert.match(await stop(command), /; 2 done, 1 failed\n$/)
})

test('a service that is not there is tried again until it is', async (t) => {
  const cwd = newFolder(t)
  const absent = await startService({ transcriber })
  const { port, baseUrl } = absent
  await absent.close()
  writeFileSync(join(cwd, 'in/x.wav'), 'patience')
  const command = startParadox(['watch', '--server', baseUrl, '--settle', '0.2', 'in'], { cwd })
  t.after(() => command.child.kill('SIGKILL'))
  await command.said(/^paradox: x\.wav: The service at .* does not answer \(nothing listens there\)/m)
  await command.said(/^x\.wav: it is tried again in 5 s$/m)
  const back = await startService({ transcriber, env: { PORT: String(port) } })
  t.after(() => back.close())
  await command.said(/^x\.wav → x\.txt/m)
  await stop(command)
})

test('a wrong folder is told at once, and a signal ends the wait at any time', async (t) => {
  const cwd = newFolder(t)
  const missing = startParadox(['watch', '--server', service.baseUrl, 'nowhere'], { cwd })
  const { stderr, code } = await missing.ended
  assert.match(stderr, /^paradox: There is no folder 'nowhere': create it, or correct its name\.\n$/)
  assert.equal(code, 1)
  const command = await watching(t, cwd)
  await stop(command)
  await until(() => command.child.exitCode !== null)
})
