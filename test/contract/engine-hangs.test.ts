/** Processes that say nothing any more: real engines, stopped as a driver or a disk that hangs would stop them. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { EnginePool } from '../../src/engine/index.ts'
import type { Patience } from '../../src/processes/silence-watch.ts'
import { descendants, isRunning } from '../helpers/judges/process-tree.ts'
import { preparing } from '../helpers/rigs/swap-rig.ts'
import { livingDescendants, never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

const engines = tinyEngines()
const { withPool, ask } = engines
/** Not WAV, so that its ffmpeg shows when it is worked on. */
const long = join(engines.folder, 'long.aiff')
const PATIENCE: Patience = { tickMs: 100, idleTicks: 30, busyTicks: 600 }

before(() => {
  const tone = ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=300:sample_rate=16000', '-t', '240', long]
  execFileSync('ffmpeg', tone)
})

/** Preloaded into an engine: it does not hear that it is to stop, and from then on never comes to an end. */
const DEAF_TO_ABORTS = `
  const { emit, send } = process
  let isDeaf = false
  process.emit = (name, message, ...rest) => {
    if (message?.type !== 'abort') return emit.call(process, name, message, ...rest)
    isDeaf = true
  }
  process.send = (message, ...rest) => (isDeaf && message.type === 'done' ? true : send.call(process, message, ...rest))`

/** Requests that the loaded engine is working on, side by side. */
async function atWork(pool: EnginePool, nRequests: number): Promise<{ pid: number; answers: Promise<unknown>[] }> {
  await ask(pool, 'a')
  const [pid] = pool.enginePids()
  const answers = Array.from({ length: nRequests }, () =>
    pool.transcribe({ modelId: 'a', audioPath: long, signal: never }),
  )
  await until(() => descendants(pid!).length === nRequests)
  return { pid: pid!, answers }
}

describe('a process that gives no sign of life is ended', { concurrency: 1 }, () => {
  test('an engine: those that it was working on side by side are answered by the next', async () => {
    await withPool({ patience: PATIENCE }, async (pool, events) => {
      const { pid, answers } = await atWork(pool, 3)
      process.kill(pid, 'SIGSTOP')
      await until(() => pool.hasSilentEngine())
      assert.equal((await Promise.all(answers)).length, 3)
      assert.ok(!isRunning(pid))
      assert.equal(pool.hasSilentEngine(), false)
      assert.equal(pool.engines()[0]?.nRequests, 0)
      assert.deepEqual(events[1], { type: 'unloaded', modelId: 'a', reason: 'hang' })
      assert.equal(await pool.unload('a'), true)
    })
  })

  test('an engine with one request: it fails and says why, and another model gets the room', async () => {
    await withPool({ patience: PATIENCE }, async (pool) => {
      const { pid, answers } = await atWork(pool, 1)
      process.kill(pid, 'SIGSTOP')
      const other = ask(pool, 'b')
      await assert.rejects(answers[0]!, {
        code: 'ASR_ENGINE_CRASHED',
        message: /SIGKILL: it gave no sign of life for \d/,
      })
      await other
      assert.equal(pool.activeModel(), 'b')
    })
  })

  test('an engine that is loading: its load fails', async () => {
    await withPool({ patience: PATIENCE }, async (pool) => {
      await ask(pool, 'a')
      await pool.unload('a')
      const asked = ask(pool, 'a')
      await until(() => pool.enginePids().length > 0)
      process.kill(pool.enginePids()[0]!, 'SIGSTOP')
      await assert.rejects(asked, { code: 'ASR_MODEL_LOAD_FAILED', message: /gave no sign of life/ })
      await until(() => livingDescendants().length === 0)
    })
  })

  test('a preparation: the model is not loaded, and the next try works', async () => {
    await withPool({ patience: PATIENCE }, async (pool) => {
      const asked = ask(pool, 'c')
      await until(() => preparing().length > 0)
      process.kill(preparing()[0]!, 'SIGSTOP')
      await assert.rejects(asked, { code: 'ASR_MODEL_LOAD_FAILED', message: /gave no sign of life/ })
      await pool.load('c', never)
      await ask(pool, 'c')
    })
  })

  test('an engine that works on after an abort, as one that waits for a disk for ever', async (t) => {
    t.after(() => delete process.env.NODE_OPTIONS)
    process.env.NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(DEAF_TO_ABORTS)}`
    await withPool({ patience: { ...PATIENCE, idleTicks: 600 } }, async (pool, events) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      const leaving = new AbortController()
      const left = pool.transcribe({ modelId: 'a', audioPath: long, signal: leaving.signal })
      await until(() => descendants(pid!).length > 0)
      leaving.abort()
      await assert.rejects(left, { name: 'AbortError' })
      await assert.rejects(pool.unload('a'), { code: 'ASR_MODEL_BUSY' })
      await until(() => pool.engines().length === 0)
      assert.deepEqual(events[1], { type: 'unloaded', modelId: 'a', reason: 'hang' })
      await ask(pool, 'a')
    })
  })

  test('neither one that has nothing to do, nor one whose service was itself stopped meanwhile', async () => {
    await withPool({ patience: { ...PATIENCE, idleTicks: 5, busyTicks: 50 } }, async (pool) => {
      await ask(pool, 'a')
      const pids = pool.enginePids()
      const sleeper = new Int32Array(new SharedArrayBuffer(4))
      for (let i = 0; i < 3; i++) {
        Atomics.wait(sleeper, 0, 0, 2_000) // as deaf as a process that is stopped, or a machine that sleeps
        await ask(pool, 'a')
      }
      assert.deepEqual(pool.enginePids(), pids)
    })
  })
})
