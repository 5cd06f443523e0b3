/** Secrets of the environment are in no process that /proc shows: neither the service's own nor what it starts. */

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { openAsBlob, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SECRET_VARIABLES } from '../../src/processes/secrets.ts'
import { SECRET_SETTINGS } from '../../src/settings.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { startHubServer } from '../helpers/fakes/hub-server.ts'
import { descendants } from '../helpers/judges/process-tree.ts'
import { PARADOX, paradox, startParadox } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const KEY = 'a-key-of-the-test'
const REPO = 'somebody/tiny'
const skip = process.platform === 'linux' ? false : skipped('machine', 'there is no /proc')

test('a gated model is downloaded and used, and neither the service nor what it starts shows a secret', {
  skip,
}, async (t) => {
  const cwd = tempFolder(t)
  using audio = new TempFolder()
  const recording = audio.make('long.flac', ['-f', 'lavfi', '-i', 'anullsrc=r=16000:cl=mono:d=1200'])
  writeRandomCheckpoint(join(cwd, 'tiny'), tinyShape())
  const secrets = Object.fromEntries(SECRET_VARIABLES.map((name) => [name, `${KEY}-${name.toLowerCase()}`]))
  const hub = await startHubServer({ repositories: { [REPO]: join(cwd, 'tiny') }, token: secrets.HF_TOKEN! })
  t.after(() => hub[Symbol.asyncDispose]())
  writeFileSync(join(cwd, 'models.json'), JSON.stringify({ tiny: { repo: REPO, strategy: 'whisper', language: 'pt' } }))
  const ofHub = { HF_HUB_OFFLINE: '', HF_ENDPOINT: hub.endpoint, MODELS_FILE: 'models.json', DEFAULT_MODEL_ID: 'tiny' }
  const env = { ...secrets, ...ofHub, HOST: '127.0.0.1', PORT: '0', THREADS: '1' }
  const { child, ended } = startParadox(['serve'], { cwd, env })
  t.after(() => child.kill('SIGKILL'))
  const [, port] = await said(child, /http:\/\/127\.0\.0\.1:(\d+)/)

  const seen = new Map<string, string>()
  const look = () => {
    for (const pid of [child.pid!, ...descendants(child.pid!)]) {
      const [program, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]
      if (program !== '') seen.set(program, environment)
    }
  }
  const looking = setInterval(look, 2)
  try {
    const form = new FormData()
    form.set('file', await openAsBlob(recording), 'long.flac')
    const headers = { authorization: `Bearer ${secrets.API_KEYS}` }
    const answer = await fetch(`http://127.0.0.1:${port}/transcribe`, { method: 'POST', body: form, headers })
    assert.equal(answer.status, 200, await answer.text())
  } finally {
    clearInterval(looking)
  }
  for (const program of [/main\.ts\0serve/, /engine\/entry/, /preparation-entry/, /compile-entry/, /ffmpeg\0/]) {
    assert.ok(
      Array.from(seen.keys()).some((line) => program.test(line)),
      `${program} was not seen`,
    )
  }
  for (const [program, environment] of seen) assert.ok(!environment.includes(KEY), program)
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0)
})

test('the launcher keeps the same secrets as the program', () => {
  const [, names = ''] = /^for name in ((?:[A-Z_ \n\\])+);/m.exec(readFileSync(PARADOX, 'utf8')) ?? []
  assert.deepEqual(names.split(/[\s\\]+/), SECRET_VARIABLES)
})

test('every setting that no message may repeat is kept from children, but for the proxies that pip needs', () => {
  const kept = SECRET_SETTINGS.filter((name) => !name.endsWith('_PROXY'))
  assert.ok(kept.length >= 4)
  for (const name of kept) assert.ok(SECRET_VARIABLES.includes(name), name)
})

test('a secret reaches the settings as it was, with signs that a shell could take for its own', async (t) => {
  // A token with a blank in it is refused, and so is a key that is too short: both must have come whole.
  const cwd = tempFolder(t)
  const { stderr, code } = await paradox(['serve'], { cwd, env: { API_KEYS: '$HOME`id`"\\,short' } })
  assert.match(stderr, /API_KEYS/)
  assert.notEqual(code, 0)
  const well = await paradox(['doctor', '--json'], { cwd, env: { API_KEYS: '$HOME`id`"\\', HF_TOKEN: 'hf_token\n' } })
  assert.doesNotMatch(well.stderr, /Setting/)
})

/** The first text of its standard error that matches. */
async function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let stderr = ''
  child.stderr!.on('data', (text: string) => {
    stderr += text
  })
  await until(() => pattern.test(stderr), `${pattern} of the service`)
  return pattern.exec(stderr)! // it was just found
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it has just ended
  }
}
