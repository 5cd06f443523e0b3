/** What a program in ffmpeg's place can do from inside the sandbox. Each layer is looked at where this system has it. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { TempFolder, tone } from '../../test/helpers/data/audio-files.ts'
import { assertRefused, assertSeconds, decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import { skipped } from '../../test/helpers/skip.ts'
import { sandboxFor } from './sandbox.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())
const recording = folder.make('recording.aiff', tone(1))
const intruder = folder.file('intruder')
// It has to answer the trial as ffmpeg does.
writeFileSync(intruder, `#!/bin/sh\n[ "$1" = -version ] || eval "$1"\n`)
chmodSync(intruder, 0o755)

const sandbox = await sandboxFor(intruder)
const without = (layer: string) =>
  sandbox.layers.some((name) => name.startsWith(layer))
    ? false
    : skipped('machine', `this system gives ${layer} no layer`)

/** What the shell's commands print, as if ffmpeg ran them. */
async function inside(commands: string, cpuSeconds = 60): Promise<string> {
  const [program, args] = sandbox.command(recording, [commands], { cpuSeconds })
  return (await promisify(execFile)(program, args).catch((error: { stdout: string }) => error)).stdout.trim()
}

test('its memory, files and processor time are limited', { skip: without('limits') }, async () => {
  assert.equal(await inside('ulimit -c; ulimit -n; ulimit -v; ulimit -t'), ['0', '64', '2097152', '60'].join('\n'))
  const written = folder.file('written')
  assert.equal(await inside(`echo text > '${written}' && echo done`), '')
  assert.equal(existsSync(written) ? readFileSync(written, 'utf8') : '', '')
})

test('a decoder that never ends is killed', { skip: without('limits') }, async () => {
  const [program, args] = sandbox.command(recording, ['while :; do :; done'], { cpuSeconds: 1 })
  const [, signal] = await once(spawn(program, args, { stdio: 'ignore' }), 'exit')
  assert.equal(signal, 'SIGKILL')
})

test('it reaches no server, not even of this machine', { skip: without('no network') }, async () => {
  let nConnections = 0
  const server = createServer((socket) => {
    nConnections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo // a TCP server has no other form of address
    const connect = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && echo connected' 2>/dev/null`
    assert.equal((await promisify(execFile)('sh', ['-c', connect])).stdout.trim(), 'connected')
    assert.equal(await inside(connect), '')
    assert.equal(nConnections, 1)
  } finally {
    server.close()
  }
})

test('it reads no environment of another process', { skip: without('no network') && without('no file') }, async () => {
  const other = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, HF_TOKEN: 'hf_secret' }, stdio: 'ignore' })
  try {
    await once(other, 'spawn')
    const read = `cat /proc/${other.pid}/environ`
    assert.match((await promisify(execFile)('sh', ['-c', read])).stdout, /hf_secret/)
    assert.equal(await inside(`${read} 2>/dev/null`), '')
  } finally {
    other.kill('SIGKILL')
  }
})

test('it can gain no privilege', { skip: without('no privileges') }, async () => {
  // Landlock hides /proc, and can only be had without privileges to gain.
  if (without('no file')) assert.match(await inside('cat /proc/self/status'), /^NoNewPrivs:\s+1$/m)
})

test('it opens its recording and no other file', { skip: without('no file') }, async () => {
  const other = folder.make('other.aiff', tone(1))
  assert.equal(await inside(`head -c 4 '${recording}'`), 'FORM')
  assert.equal(await inside(`head -c 4 '${other}' 2>/dev/null`), '')
  assert.equal(await inside('cat /etc/passwd /proc/self/environ 2>/dev/null'), '')
})

test('the real ffmpeg reads in it as it does without, under every name', async () => {
  for (const name of ['plain.aiff', 'a:b.aiff', "it's a “name”.aiff", '-i.aiff', ' .aiff']) {
    const path = folder.make(name, tone(2))
    assertSeconds(await decodeWhole(path), 2, 0, name)
    assert.deepEqual(await decodeWhole(path), await decodeWhole(path, { isSandboxed: false }))
  }
})

test('a sandbox that fails later is not blamed on the recording', async () => {
  const failing = folder.file('failing')
  writeFileSync(failing, '#!/bin/sh\necho "unshare: unshare failed: No space left on device" >&2\nexit 1\n')
  chmodSync(failing, 0o755)
  await assertRefused(recording, 'ASR_FFMPEG_MISSING', undefined, { ffmpegPath: failing, isSandboxed: false })
})
