/** The service goes on whatever becomes of its log: a full disk, a reader that has stopped, one that has gone. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { after, type TestContext, test } from 'node:test'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { PARADOX, userEnvironment } from '../helpers/rigs/command-line.ts'
import { freePort } from '../helpers/rigs/service-process.ts'
import { until } from '../helpers/until.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

async function startService(t: TestContext, stderr: 'pipe' | number) {
  const port = String(await freePort())
  const child: ChildProcess = spawn(PARADOX, ['serve', '--host', '127.0.0.1', '--port', port], {
    cwd: folder.path,
    env: userEnvironment(folder.path, { DEVICE: 'cpu', LOG_LEVEL: 'debug' }),
    stdio: ['ignore', 'ignore', stderr],
  })
  t.after(() => child.kill('SIGKILL'))
  const baseUrl = `http://127.0.0.1:${port}`
  const isAlive = () =>
    fetch(`${baseUrl}/livez`).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(isAlive)
  return { child, baseUrl }
}

/** Each leaves a line in the log. */
async function ask(baseUrl: string, nTimes: number): Promise<void> {
  for (let i = 0; i < nTimes; i += 50) {
    await Promise.all(Array.from({ length: 50 }, async () => await (await fetch(`${baseUrl}/livez`)).text()))
  }
}

async function assertEnds(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
}

async function nDropped(baseUrl: string): Promise<number> {
  const metrics = await (await fetch(`${baseUrl}/metrics`)).text()
  return Number(/^paradox_log_lines_dropped_total (\d+)$/m.exec(metrics)![1])
}

test('a full disk: the service answers, counts what it could not write, and ends as usual', async (t) => {
  const { child, baseUrl } = await startService(t, openSync('/dev/full', 'w'))
  await ask(baseUrl, 50)
  assert.ok((await nDropped(baseUrl)) > 0)
  await assertEnds(child)
})

test('a reader that has stopped: the service answers, and ends as usual', async (t) => {
  const { child, baseUrl } = await startService(t, 'pipe')
  child.stderr!.pause() // what the system and this process keep for it is less than 400 kB
  await ask(baseUrl, 2_500)
  assert.equal((await fetch(`${baseUrl}/livez`)).status, 200)
  await assertEnds(child)
})

test('a reader that has gone: the service answers, and ends as usual', async (t) => {
  const { child, baseUrl } = await startService(t, 'pipe')
  child.stderr!.destroy()
  await ask(baseUrl, 100)
  assert.equal((await fetch(`${baseUrl}/livez`)).status, 200)
  await assertEnds(child)
})

test('the last line of a service that ends is in its log', async (t) => {
  const { child } = await startService(t, 'pipe')
  let log = ''
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    log += piece
  })
  const closed = once(child, 'close')
  await assertEnds(child)
  await closed
  assert.match(log, /"msg":"shutting down"/)
})

test('what was logged before a crash is in the log', async () => {
  const logger = new URL('../../src/logger.ts', import.meta.url).href
  const program = `import { createLogger } from '${logger}'; createLogger('info').info('the last'); throw new Error('crash')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'pipe'] })
  assert.match(await text(child.stderr), /"msg":"the last"/)
})
