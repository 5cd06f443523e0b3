/** `paradox doctor`, `devices` and `bench` from outside. What they said is kept in test-artefacts/cli. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { signsOfMachine } from '../../src/devices/candidates.ts'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { startHubServer } from '../helpers/fakes/hub-server.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { type Ended, paradox } from '../helpers/rigs/command-line.ts'
import { startService } from '../helpers/rigs/service.ts'
import { smallDisk } from '../helpers/rigs/small-disk.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { keepSeen } from '../helpers/rigs/terminal.ts'
import { skipped } from '../helpers/skip.ts'

/** A user whose default model, tiny and random, lies in a folder. */
function user(t: TestContext): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  const cwd = tempFolder(t)
  writeRandomCheckpoint(join(cwd, 'tiny'), tinyShape())
  writeFileSync(
    join(cwd, 'models.json'),
    JSON.stringify({ tiny: { path: 'tiny', strategy: 'whisper', language: 'pt' } }),
  )
  return { cwd, env: { MODELS_FILE: 'models.json', DEFAULT_MODEL_ID: 'tiny', PORT: '0', THREADS: '1' } }
}

function keep(name: string, { stdout, stderr, code }: Ended): void {
  keepSeen(name, { 'standard output': stdout, [`standard error, exit code ${code}`]: stderr })
}

test('doctor has no complaint about a machine that has everything', async (t) => {
  const { cwd, env } = user(t)
  const ended = await paradox(['doctor'], { cwd, env })
  keep('doctor-well', ended)
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
  const names = [
    'processor',
    'memory',
    'ffmpeg',
    'sandbox',
    'device',
    'hub',
    'model',
    'cache',
    'hub cache',
    'uploads',
    'port',
  ]
  for (const name of names) assert.match(ended.stdout, new RegExp(`^(ok|warn) +${name} +\\S`, 'm'))
  assert.match(ended.stdout, /^ok +model +tiny, the default, is on this machine$/m)
})

test('doctor says of everything that is wrong what to do, and ends with 1', async (t) => {
  const { cwd, env } = user(t)
  writeFileSync(join(cwd, 'no-ffmpeg'), '#!/bin/sh\nexit 1\n')
  chmodSync(join(cwd, 'no-ffmpeg'), 0o755)
  const other = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo // a TCP server has no other form of address
  const wrong = {
    ...{ FFMPEG_PATH: './no-ffmpeg', HOST: '127.0.0.1', PORT: String(port), DEVICE: 'cuda:7' },
    ...{ HF_HUB_OFFLINE: '', HF_ENDPOINT: `http://127.0.0.1:${port}`, DEFAULT_MODEL_ID: 'nobody' },
    // A file where a folder should be, and one below it.
    ...{ PARADOX_CACHE_DIR: join(cwd, 'no-ffmpeg/cache'), TEMP_DIR: join(cwd, 'no-ffmpeg') },
  }
  const ended = await paradox(['doctor'], { cwd, env: { ...env, ...wrong } })
  keep('doctor-ill', ended)
  assert.deepEqual([ended.code, ended.stderr], [1, ''])
  for (const [line, remedy] of [
    [/^fail +ffmpeg +'\.\/no-ffmpeg' could not be started, or is no ffmpeg$/m, /→ Install ffmpeg/],
    [/^fail +device +DEVICE=cuda:7 cannot be used: .*$/m, /→ Set DEVICE=cpu or auto/],
    [
      /^warn +hub +127\.0\.0\.1:\d+ does not answer \(it has broken off the connection\)$/m,
      /→ Models that are here still work/,
    ],
    [/^fail +model +there is no model 'nobody'$/m, /→ Set DEFAULT_MODEL_ID to an id of 'paradox models'/],
    [/^fail +cache +\S+ cannot be written \(a file has the name of its folder\)$/m, /→ Set PARADOX_CACHE_DIR to a/],
    [/^fail +uploads +\S+ cannot be written \(a file has the name of its folder\)$/m, /→ Set TEMP_DIR to a folder/],
    [/^fail +port +127\.0\.0\.1:\d+ is in use by another program$/m, /→ Stop it, or set PORT to another one/],
  ] as const) {
    const [found] = line.exec(ended.stdout) ?? []
    assert.ok(found, `${line} in:\n${ended.stdout}`)
    const next = ended.stdout.slice(ended.stdout.indexOf(found) + found.length + 1).split('\n')[0]!
    assert.match(next, remedy)
  }
  const json = await paradox(['doctor', '--json'], { cwd, env: { ...env, ...wrong } })
  const checks = JSON.parse(json.stdout) as { name: string; status: string; remedy?: string }[]
  assert.equal(json.code, 1)
  assert.equal(checks.find(({ name }) => name === 'port')?.status, 'fail')
  for (const { status, remedy } of checks) if (status !== 'ok') assert.match(remedy ?? '', /\.$/)
})

test('doctor says of a token that the hub does not take where it comes from', async (t) => {
  const { cwd, env } = user(t)
  await using hub = await startHubServer({ repositories: {}, token: 'hf_the-right-one' })
  mkdirSync(join(cwd, 'hf'))
  writeFileSync(join(cwd, 'hf/token'), 'hf_an-old-one\n')
  const ask = async (settings: NodeJS.ProcessEnv) =>
    paradox(['doctor'], { cwd, env: { ...env, HF_HUB_OFFLINE: '', HF_ENDPOINT: hub.endpoint, ...settings } })
  const fromLogin = await ask({ HF_HOME: join(cwd, 'hf') })
  assert.match(
    fromLogin.stdout,
    /^warn +hub +127\S+ answers, but refuses the token of 'hf auth login'\n +→ Set HF_TOKEN/m,
  )
  const fromVariable = await ask({ HF_TOKEN: 'hf_an-old-one' })
  assert.match(fromVariable.stdout, /^warn +hub +127\S+ answers, but refuses the token of HF_TOKEN$/m)
  for (const { stdout, stderr } of [fromLogin, fromVariable]) assert.doesNotMatch(stdout + stderr, /hf_an-old-one/)
})

test('doctor tells an NVIDIA card that only the CUDA provider is missing for, and the image that has it', async (t) => {
  const { gpuFiles, hasCudaProvider } = signsOfMachine()
  if (gpuFiles.length > 0 || hasCudaProvider)
    return t.skip(skipped('machine', 'this machine has a GPU, or the CUDA provider'))
  const { cwd, env } = user(t)
  writeFileSync(join(cwd, 'nvidia-smi'), '#!/bin/sh\necho "0, Tesla T4, 15360, 580.1"\n', { mode: 0o755 })
  const { stdout } = await paradox(['doctor'], { cwd, env: { ...env, PATH: `${cwd}:${process.env.PATH}` } })
  assert.match(
    stdout,
    /^warn +device +NVIDIA's GPU is visible, but the CUDA provider is not installed, .* \(Tesla T4\)\n +→ Use .* paradox-asr:cuda/m,
  )
})

test('doctor refuses a cache that others may write to, and Node takes no code from it', async (t) => {
  const { cwd, env } = user(t)
  const cacheDir = join(cwd, 'cache')
  for (const folder of [cacheDir, join(cacheDir, 'node')]) {
    mkdirSync(folder)
    chmodSync(folder, 0o777)
  }
  const ours = { ...env, PARADOX_CACHE_DIR: cacheDir, NODE_COMPILE_CACHE: '' }
  const { stdout, code } = await paradox(['doctor'], { cwd, env: ours })
  assert.match(stdout, /^fail +cache +\S+: Other users may write to the cache folder/m)
  assert.match(stdout, /→ Give the folders of PARADOX_CACHE_DIR to the service's user/)
  assert.equal(code, 1)
  assert.deepEqual(readdirSync(join(cacheDir, 'node')), [])

  chmodSync(join(cacheDir, 'node'), 0o755)
  await paradox(['doctor'], { cwd, env: ours })
  assert.equal(readdirSync(join(cacheDir, 'node')).length, 1)
})

test('doctor sees a read-only cache, and models work all the same', async (t) => {
  const { cwd, env } = user(t)
  using disk = smallDisk(join(cwd, 'fixed'), 'ro,size=64k')
  if (!disk) return t.skip(skipped('machine', 'this user may not mount a file system'))
  const fixed = { ...env, PARADOX_CACHE_DIR: join(cwd, 'fixed/cache'), LOG_LEVEL: 'silent' }
  const ended = await paradox(['doctor'], { cwd, env: fixed })
  keep('doctor-read-only-cache', ended)
  assert.match(
    ended.stdout,
    /^fail +cache +\S+ cannot be written \(the disk is read-only\)\n +→ Set PARADOX_CACHE_DIR/m,
  )
  assert.equal(ended.code, 1)
  writeFileSync(join(cwd, 'sound.wav'), warmUpRecording())
  const args = ['transcribe', '--no-vad-filter', '--temperature', '0', '--max-new-tokens', '2', 'sound.wav']
  const { stderr, code } = await paradox(args, { cwd, env: fixed })
  assert.deepEqual([code, stderr], [0, ''])

  // To compile beforehand and keep nothing would be found out in front of the first caller.
  const compiled = await paradox(['models', 'compile'], { cwd, env: fixed })
  assert.match(
    compiled.stderr,
    /^paradox: The cache folder may not be written, so the compiled model could not be stored: /,
  )
  assert.deepEqual([compiled.code, compiled.stdout], [1, ''])
})

test('where no cache folder can be made, as below /proc, commands end and say so', async (t) => {
  if (!existsSync('/proc/self')) return t.skip(skipped('machine', 'there is no /proc here'))
  const { cwd, env } = user(t)
  // Node's own cache is then looked for there too.
  const nowhere = { ...env, PARADOX_CACHE_DIR: '/proc/no/where', NODE_COMPILE_CACHE: '', LOG_LEVEL: 'silent' }
  const { stdout } = await paradox(['doctor'], { cwd, env: nowhere })
  assert.match(stdout, /^fail +cache +\S+ cannot be written \(it is not there and cannot be made\)$/m)
  const compiled = await paradox(['models', 'compile', 'tiny'], { cwd, env: nowhere })
  assert.match(compiled.stderr, /may not be written/)
  assert.equal(compiled.code, 1)
  writeFileSync(join(cwd, 'sound.wav'), warmUpRecording())
  const args = ['transcribe', '--no-vad-filter', '--temperature', '0', '--max-new-tokens', '2', 'sound.wav']
  const transcribed = await paradox(args, { cwd, env: nowhere })
  assert.deepEqual([transcribed.code, transcribed.stderr], [0, ''])
})

test('doctor knows a Paradox service on its port', async (t) => {
  const { cwd, env } = user(t)
  const service = await startService({ transcriber: scriptedTranscriber() })
  t.after(() => service.close())
  const { stdout, code } = await paradox(['doctor'], {
    cwd,
    env: { ...env, HOST: '127.0.0.1', PORT: String(service.port) },
  })
  assert.match(stdout, /^ok +port +a Paradox service answers at 127\.0\.0\.1:\d+$/m)
  assert.equal(code, 0)
})

test('devices tells what there is, and of the rest why not', async (t) => {
  const { cwd } = user(t)
  const ended = await paradox(['devices'], { cwd })
  keep('devices', ended)
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
  assert.match(ended.stdout, /^processor {2}.*, \d+( of \d+)? cores\n/)
  assert.match(ended.stdout, /^cpu +yes +\(DEVICE=auto\)$/m)
  assert.match(ended.stdout, /^cuda:0 +(yes|no +\S.*)$/m)
  const json = await paradox(['devices', '--json'], { cwd, env: { DEVICE: 'cuda:7' } })
  const { devices, configured } = JSON.parse(json.stdout)
  assert.equal(configured, 'cuda:7')
  assert.equal(devices.find(({ device }: { device: string }) => device === 'cuda:7').isUsable, false)
})

test('bench measures what is here: a table, JSON, a picture, and the speed in models info', async (t) => {
  const { cwd, env } = user(t)
  const none = await paradox(['bench'], { cwd })
  assert.match(none.stderr, /^paradox: no model is on this machine: 'paradox models pull base' brings one\n$/)
  assert.equal(none.code, 1)

  const ended = await paradox(['bench', '--runs', '1', '--svg', 'speed.svg'], { cwd, env })
  keep('bench', ended)
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
  assert.match(ended.stdout, /^MODEL +LOAD +MEMORY +SPEED +RANGE\ntiny +\d+\.\d s +\d+ MB +[\d.]+ × real time .*█+\n/)
  assert.match(ended.stdout, /\na generated sound \(--recording takes one of yours\); .*, 1 thread\n$/)
  assert.match(readFileSync(join(cwd, 'speed.svg'), 'utf8'), /^<svg .*tiny.*× real time.*<\/svg>\s*$/s)
  const info = await paradox(['models', 'info', 'tiny'], { cwd, env })
  assert.match(info.stdout, /^ {2}speed +[\d.]+ × real time \(\d{4}-\d\d-\d\d, 1 thread, on a generated sound\)$/m)

  const json = await paradox(['bench', 'tiny', '--runs', '2', '--json'], { cwd, env })
  const [measured, ...more] = JSON.parse(json.stdout)
  assert.deepEqual([measured.model, measured.runSeconds.length, more], ['tiny', 2, []])
})

test('bench tells what is wrong before it measures for minutes', async (t) => {
  const { cwd, env } = user(t)
  writeFileSync(join(cwd, 'text.wav'), 'no recording '.repeat(100))
  for (const [args, message, code] of [
    [
      ['--recording', 'gone.wav'],
      /^paradox: gone\.wav: The file could not be read as audio \(there is no such file\)/,
      1,
    ],
    [['--recording', 'text.wav'], /^paradox: text\.wav: The file could not be read as audio \(/, 1],
    [['--svg', 'no/where.svg'], /^paradox: Option svg has the value 'no\/where\.svg'.*can be written\.\n$/, 2],
    [['--runs', '0'], /^paradox: Option runs has the value '0'.*from 1 to 100\.\n$/, 2],
  ] as const) {
    const ended = await paradox(['bench', 'tiny', ...args], { cwd, env })
    assert.match(ended.stderr, message)
    assert.deepEqual([ended.code, ended.stdout], [code, ''])
  }
  assert.equal(existsSync(join(cwd, '.home/.cache/paradox-asr/compiled')), false)
})
