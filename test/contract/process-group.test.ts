/** Signals to the service and all that it has started, as a terminal and a supervisor send them: real processes. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob, readFileSync, writeFileSync } from 'node:fs'
import { after, before, type TestContext, test } from 'node:test'
import { deathSignalPrefix } from '../../src/processes/death-signal.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { TempFolder, tone } from '../helpers/data/audio-files.ts'
import { children, descendants, isRunning } from '../helpers/judges/process-tree.ts'
import { PARADOX, userEnvironment } from '../helpers/rigs/command-line.ts'
import { skipped } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())
let recording: string

before(() => {
  writeRandomCheckpoint(folder.file('tiny'), tinyShape())
  writeFileSync(folder.file('models.json'), JSON.stringify({ tiny: { path: 'tiny', strategy: 'whisper' } }))
  recording = folder.make('recording.mp3', tone(600))
})

/** A command in a process group of its own. */
function start(t: TestContext, args: readonly string[]): ChildProcess {
  const env = userEnvironment(folder.path, {
    MODELS_FILE: folder.file('models.json'),
    DEFAULT_MODEL_ID: 'tiny',
    PARADOX_CACHE_DIR: folder.file('cache'),
    DTYPE: 'float32',
    DEVICE: 'cpu',
    SHUTDOWN_TIMEOUT_SECONDS: '300',
    THREADS: '1',
  })
  const child = spawn(PARADOX, args, { cwd: folder.path, env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** The service, with an engine that is working on the recording. */
async function startService(t: TestContext) {
  const service = start(t, ['serve', '--host', '127.0.0.1', '--port', '0'])
  let log = ''
  service.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const address = () => /http:\/\/127\.0\.0\.1:\d+/.exec(log)?.[0]
  await until(() => address() !== undefined)
  const form = new FormData()
  form.set('file', await openAsBlob(recording), 'recording.mp3')
  const answer = fetch(`${address()}/transcribe`, { method: 'POST', body: form })
  answer.catch(() => {}) // for the test to judge
  const started = await atWork(service.pid!)
  return { service, answer, started }
}

/** @returns the engine and its ffmpeg. */
async function atWork(pid: number): Promise<readonly number[]> {
  await until(() => children(pid).some((child) => isEngine(child) && children(child).length > 0))
  return descendants(pid)
}

function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/engine/entry.ts')
  } catch {
    return false // it has just ended
  }
}

const leftOf = (pids: readonly number[]) => pids.filter(isRunning)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to the whole group: what runs is answered, then everything has ended`, async (t) => {
    const { service, answer, started } = await startService(t)
    const ended = once(service, 'exit')
    process.kill(-service.pid!, signal)
    const response = await answer
    assert.equal(response.status, 200, await response.text())
    assert.deepEqual(await ended, [0, null])
    assert.deepEqual(leftOf(started), [])
  })

  test(`${signal} to the group of a command ends it and all that it has started`, async (t) => {
    const command = start(t, ['transcribe', recording])
    const started = await atWork(command.pid!)
    const ended = once(command, 'exit')
    process.kill(-command.pid!, signal)
    assert.deepEqual(await ended, [signal === 'SIGINT' ? 130 : 143, null])
    assert.deepEqual(leftOf(started), [])
  })
}

test('a service that is killed leaves no engine behind, also none that is stopped', async (t) => {
  if (deathSignalPrefix().length === 0) return t.skip(skipped('machine', 'needs setpriv of util-linux'))
  const { service, started } = await startService(t)
  process.kill(started[0]!, 'SIGSTOP')
  service.kill('SIGKILL')
  await until(() => leftOf(started).length === 0)
})
