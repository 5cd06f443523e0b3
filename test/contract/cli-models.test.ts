/** `paradox models` from outside: pull, info and rm, with a hub on this machine and tiny random weights. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { type HubServer, startHubServer } from '../helpers/fakes/hub-server.ts'
import { paradox, startParadox } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { keepSeen, noTerminal, startInTerminal } from '../helpers/rigs/terminal.ts'

const REPO = 'somebody/whisper-tiny-test'

const source = new TempFolder()
let hub: HubServer

before(async () => {
  writeRandomCheckpoint(source.file('tiny'), tinyShape())
  hub = await startHubServer({ repositories: { [REPO]: source.file('tiny') } })
})
after(async () => {
  await hub[Symbol.asyncDispose]()
  source[Symbol.dispose]()
})

/** A user with an empty home; what was run and said is kept. */
function user(t: TestContext, name: string) {
  const cwd = tempFolder(t)
  const seen: Record<string, string> = {}
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '', THREADS: '1' }
  t.after(() => {
    if (Object.keys(seen).length > 0) keepSeen(`models-${name}`, seen)
  })
  return {
    cwd,
    env,
    async run(...args: readonly string[]) {
      const ended = await paradox(['models', ...args], { cwd, env })
      const nth = Object.keys(seen).length + 1
      seen[`${nth}: paradox models ${args.join(' ')} → exit code ${ended.code}`] = ended.stdout + ended.stderr
      assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack')
      return ended
    },
  }
}

test('a model is pulled, described, compiled, listed and removed', async (t) => {
  const { run } = user(t, 'life')
  const absent = await run('info', REPO)
  assert.match(
    absent.stdout,
    /files +not on this machine: 'paradox models pull somebody\/whisper-tiny-test' brings them\n$/,
  )
  assert.equal(absent.code, 0)

  assert.match(
    (await run('pull', REPO)).stdout,
    /^somebody\/whisper-tiny-test {2}\d\.\d MB {2}downloaded in \d+\.\d s\n$/,
  )
  const again = await run('pull', REPO)
  assert.match(again.stdout, /^somebody\/whisper-tiny-test .*is here and up to date\n$/)
  assert.deepEqual([again.code, again.stderr], [0, ''])
  assert.match((await run('list')).stdout, /\nsomebody\/whisper-tiny-test .* yes\n/)

  const fresh = (await run('info', REPO)).stdout
  assert.match(fresh, /^ {2}layers +encoder 2, decoder 2; width 16, 2 heads, 80 mels$/m)
  assert.match(fresh, /^ {2}languages +99: en zh .* … \(--json has all\)$/m)
  assert.match(fresh, /^ {2}on disk +\d\.\d MB downloaded$/m)
  assert.match(fresh, /^ {2}compiled +no: 'paradox models compile /m)
  assert.match((await run('compile')).stdout, /^somebody\/whisper-tiny-test {2}0\.\d\d GB {2}compiled in \d+\.\d s\n$/)
  const compiled = (await run('info', REPO)).stdout
  assert.match(compiled, /^ {2}precision +encoder \S+, decoder \S+$/m)
  assert.match(compiled, /^ {2}on disk +\d\.\d MB downloaded, \d+(\.\d)? MB compiled$/m)
  assert.match(compiled, /^ {2}compiled +yes, for this machine$/m)
  assert.match(compiled, /^ {2}measured +a layer on \d{4}-\d\d-\d\d.*: encoder .* ms; decoder .* ms$/m)
  const tuned = await run('tune')
  assert.match(tuned.stdout, /^somebody\/whisper-tiny-test {2}encoder \S+, decoder \S+\n {2}a layer on .* ms\n$/)
  assert.match(tuned.stderr, tuned.code === 0 ? /^$/ : /^paradox: the machine was busy/)
  const [json] = JSON.parse((await run('info', '--json', REPO)).stdout)
  assert.deepEqual([json.id, json.encoderLayers, json.languages.length], [REPO, 2, 99])
  assert.equal(json.compiled.length, 1)

  assert.match((await run('rm', '--dry-run', REPO)).stdout, /^\S+ {2}would free \d+(\.\d)? MB\n$/)
  assert.match((await run('rm', REPO)).stdout, /^\S+ {2}removed, freed \d+(\.\d)? MB\n$/)
  assert.equal((await run('prune', '--all')).stdout, 'freed 0.00 GB\n')
  const gone = await run('rm', REPO)
  assert.deepEqual(
    [gone.code, gone.stdout, gone.stderr],
    [1, '', `paradox: Model '${REPO}' is not on this machine: 'paradox models' lists those that are.\n`],
  )
})

test('a model in the form of another program is named before its weights are fetched, and in a folder', async (t) => {
  const { run, cwd, env } = user(t, 'other-forms')
  const dims = { n_audio_state: 512, n_audio_layer: 6, n_text_layer: 6, n_vocab: 51865, n_mels: 80 }
  const config = JSON.stringify({ model_type: 'whisper', ...dims })
  const adapter = JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: 'openai/whisper-small' })
  await using foreign = await startHubServer({
    repositories: {
      'mlx/whisper-base': { 'config.json': config, 'weights.npz': 'weights' },
      'onnx/whisper-base': { 'config.json': '{}', 'onnx/encoder_model.onnx': 'weights' },
      'peft/whisper-small-pt': { 'adapter_config.json': adapter, 'adapter_model.safetensors': 'weights' },
    },
  })
  env.HF_ENDPOINT = foreign.endpoint
  for (const [repo, what] of [
    ['mlx/whisper-base', /MLX's form.*'openai\/whisper-base'/s],
    ['onnx/whisper-base', /the form ONNX/],
    ['peft/whisper-small-pt', /an adapter \(LORA\) of 'openai\/whisper-small'/],
  ] as const) {
    const pulled = await run('pull', repo)
    assert.equal(pulled.code, 1)
    assert.match(pulled.stderr, what)
  }
  assert.deepEqual(
    foreign.requests.filter(({ path }) => /weights|\.onnx|adapter_model/.test(path)),
    [],
  )

  const folder = join(cwd, 'mlx')
  mkdirSync(folder)
  writeFileSync(join(folder, 'config.json'), config)
  writeFileSync(join(folder, 'model.safetensors'), 'weights')
  assert.match((await run('info', folder)).stdout, /not usable +The checkpoint.*MLX's form.*'openai\/whisper-base'/s)
})

test('a model that does not come does not stop the others, and wrong names are told first', async (t) => {
  const { run } = user(t, 'wrong-names')
  const some = await run('pull', 'somebody/nothing', REPO)
  assert.equal(some.code, 1)
  assert.match(some.stdout, /^somebody\/whisper-tiny-test .* downloaded in/)
  assert.match(
    some.stderr,
    /^paradox: somebody\/nothing: The hub has no repository or revision 'somebody\/nothing': [^\n]+\n$/,
  )
  for (const verb of ['pull', 'info', 'rm', 'compile']) {
    const { stdout, stderr, code } = await run(verb, REPO, 'nobody')
    assert.match(stderr, /^paradox: Model 'nobody' is not known: choose one of: /)
    assert.deepEqual([code, stdout], [2, ''], verb)
  }
  assert.match((await run('list')).stdout, /\nsomebody\/whisper-tiny-test .* yes\n/, 'rm has removed nothing')
})

test('the list fits into a terminal of 80 columns', { skip: noTerminal }, async (t) => {
  const { cwd, env } = user(t, 'nothing')
  const terminal = startInTerminal(t, ['models'], { cwd, env })
  assert.equal(await terminal.ended, 0)
  keepSeen('models-in-a-terminal', { 'at the end': terminal.screen.rows })
  const [head, ...rows] = terminal.screen.rows
  assert.match(head!, /^ID +STRATEGY +ORIGIN +LANGUAGE +CACHED$/)
  assert.equal(rows.length, 3)
  assert.match(rows[0]!, /^freds0 +distil_whisper +freds0\/distil.*… +pt +no +\(default\)$/)
})

test('the files of a folder are its owner’s: rm refuses', async (t) => {
  const { run, cwd } = user(t, 'own-folder')
  writeRandomCheckpoint(join(cwd, 'mine'), tinyShape())
  const { stderr, code } = await run('rm', './mine')
  assert.match(stderr, /^paradox: Option id has the value 'mine'.* the files of this one are yours to delete\.\n$/)
  assert.equal(code, 2)
  assert.ok(existsSync(join(cwd, 'mine/model.safetensors')))
  assert.match((await run('info', './mine')).stdout, /^ {2}on disk +\d\.\d MB in that folder$/m)
})

test('rm asks for --force where another program has brought the files', async (t) => {
  const { run, cwd } = user(t, 'foreign')
  await run('pull', REPO)
  const marks = readdirSync(cwd, { recursive: true, encoding: 'utf8' }).find((path) => basename(path) === 'downloads')
  rmSync(join(cwd, marks!), { recursive: true }) // as if Python had brought them
  for (const args of [
    ['rm', REPO],
    ['rm', '--dry-run', REPO],
  ]) {
    const { code, stderr } = await run(...args)
    assert.deepEqual(
      [code, stderr],
      [
        1,
        `paradox: The files of model '${REPO}' were brought to this machine by another program: --force removes them all the same.\n`,
      ],
    )
  }
  assert.match((await run('rm', '--force', REPO)).stdout, /removed, freed/)
})

test('Ctrl-C ends a download, which goes on from there the next time', async (t) => {
  const { run, cwd, env } = user(t, 'interrupted')
  const stalled = Promise.withResolvers<void>()
  hub.intercept = ({ host, method }) => {
    if (host === 'hub' || method !== 'GET') return undefined
    stalled.resolve()
    return { stallAfterBytes: 100_000 }
  }
  t.after(() => {
    hub.intercept = () => undefined
  })
  const command = startParadox(['models', 'pull', REPO], { cwd, env })
  await stalled.promise
  command.child.kill('SIGINT')
  assert.deepEqual(await command.ended, { stdout: '', stderr: '', code: 130 })
  assert.deepEqual(
    readdirSync(cwd, { recursive: true }).filter((name) => String(name).endsWith('model.safetensors')),
    [],
  )
  hub.intercept = () => undefined
  assert.match((await run('pull', REPO)).stdout, /downloaded in/)
  assert.equal((await run('compile', REPO)).code, 0)
})
