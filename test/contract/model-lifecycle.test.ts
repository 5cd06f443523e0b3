/** How long a model stays, and what happens when it is loaded and unloaded at the same time; with real engines. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import type { EnginePool } from '../../src/engine/index.ts'
import type { ModelEntry } from '../../src/models/registry.ts'
import { manualClock } from '../helpers/fakes/manual-clock.ts'
import { isRunning, residentBytes } from '../helpers/judges/process-tree.ts'
import { livingDescendants, never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

const engines = tinyEngines()
const { withPool, newPool, ask } = engines

const DAY_MS = 24 * 3600 * 1000

const loaded = (pool: EnginePool) => pool.engines().map(({ modelId, state }) => `${modelId} ${state}`)

/** Starts a load and leaves at once, which does not stop it. */
async function beginLoad(pool: EnginePool, modelId: string): Promise<number> {
  const leaving = new AbortController()
  const left = assert.rejects(pool.load(modelId, leaving.signal), { name: 'AbortError' })
  await until(() => pool.enginePids().length > 0)
  leaving.abort()
  await left
  return pool.enginePids()[0]!
}

describe('a time of rest', { concurrency: 1 }, () => {
  test('unloads a model so long after its last request, and not before', async () => {
    const clock = manualClock()
    await withPool({ ttlMs: 60_000, clock }, async (pool, events) => {
      await ask(pool, 'a')
      clock.advance(59_999)
      assert.deepEqual(loaded(pool), ['a loaded'])
      await ask(pool, 'a')
      const [engine] = pool.engines()
      assert.equal(engine!.lastUsedAt, clock.now())
      assert.equal(engine!.expiresAt, clock.now() + 60_000)
      clock.advance(59_999)
      assert.deepEqual(loaded(pool), ['a loaded'])
      clock.advance(1)
      assert.deepEqual(loaded(pool), ['a unloading'])
      await until(() => pool.engines().length === 0)
      assert.ok(!isRunning(engine!.pid!))
      assert.deepEqual(events.at(-1), { type: 'unloaded', modelId: 'a', reason: 'idle' })
      await ask(pool, 'a')
    })
  })

  test('longer than a timer can be does not unload at once', async () => {
    await withPool({ ttlMs: 365 * DAY_MS }, async (pool) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      await ask(pool, 'a')
      assert.deepEqual(pool.enginePids(), [pid])
      assert.ok(pool.engines()[0]!.expiresAt! > Date.now() + 364 * DAY_MS)
    })
  })

  test('of none unloads a model as soon as nobody uses it', async () => {
    await withPool({ ttlMs: 0, clock: manualClock() }, async (pool, events) => {
      await Promise.all([ask(pool, 'a'), ask(pool, 'a'), ask(pool, 'a')])
      await until(() => pool.engines().length === 0)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['loaded', 'unloaded'],
      )
    })
  })

  test('of none leaves a model that was loaded on demand until its first request is over', async () => {
    await withPool({ ttlMs: 0, clock: manualClock() }, async (pool) => {
      await pool.load('a', never)
      assert.deepEqual(loaded(pool), ['a loaded'])
      await ask(pool, 'a')
      await until(() => pool.engines().length === 0)
    })
  })

  test('of none unloads a model whose callers left while it was loading, once it is loaded', async () => {
    await withPool({ ttlMs: 0, clock: manualClock() }, async (pool, events) => {
      await beginLoad(pool, 'a')
      await until(() => pool.engines().length === 0)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['loaded', 'unloaded'],
      )
    })
  })

  test('does not end where there is none, nor for models that are to stay', async () => {
    for (const options of [{ ttlMs: undefined }, { ttlMs: 0, keepLoaded: ['a'] }]) {
      const clock = manualClock()
      await withPool({ ...options, clock }, async (pool) => {
        await ask(pool, 'a')
        clock.advance(1000 * DAY_MS)
        assert.deepEqual(loaded(pool), ['a loaded'])
        assert.equal(pool.engines()[0]!.expiresAt, undefined)
      })
    }
  })
})

describe('the limit of memory', { concurrency: 1 }, () => {
  test('lets a model stay beside another where both fit', async () => {
    await withPool({ maxLoadedModels: 2, maxMemoryBytes: 64e9 }, async (pool) => {
      await ask(pool, 'a')
      await ask(pool, 'b')
      assert.deepEqual(loaded(pool), ['a loaded', 'b loaded'])
    })
  })

  test('makes room before a model is loaded, as if it were as large as the largest known', async () => {
    let size = 0
    await withPool({}, async (pool) => {
      await ask(pool, 'a')
      size = residentBytes(pool.enginePids()[0]!)
      assert.equal(pool.engines()[0]!.residentBytes! > 0, true)
    })
    await withPool({ maxLoadedModels: 3, maxMemoryBytes: 1.6 * size }, async (pool, events) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      await ask(pool, 'b')
      assert.ok(!isRunning(pid!))
      assert.deepEqual(
        events.map((event) => (event.type === 'unloaded' ? event.reason : event.type)),
        ['loaded', 'memory', 'loaded'],
      )
    })
  })

  test('unloads the one that was idle longest when a model turns out too large', async () => {
    await withPool({ maxLoadedModels: 2, maxMemoryBytes: 1 }, async (pool, events) => {
      await Promise.all([pool.load('a', never), pool.load('b', never)])
      await until(() => pool.engines().length === 1)
      assert.ok(events.some((event) => event.type === 'unloaded' && event.reason === 'memory'))
    })
  })

  test('allows one model alone whatever it takes, and says so once', async () => {
    const warnings: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line).msg) })
    await withPool({ maxMemoryBytes: 1, logger }, async (pool) => {
      await ask(pool, 'a')
      await ask(pool, 'a')
      assert.deepEqual(loaded(pool), ['a loaded'])
      assert.deepEqual(warnings, ['one model alone has more memory than MAX_MODEL_MEMORY allows'])
    })
  })
})

describe('loading and unloading on demand', { concurrency: 1 }, () => {
  test('a loaded model is described by its engine', async () => {
    const clock = manualClock()
    await withPool({ clock, ttlMs: 1000 }, async (pool, events) => {
      await pool.load('a', never)
      const [engine, ...others] = pool.engines()
      assert.deepEqual(others, [])
      assert.equal(engine!.pid, pool.enginePids()[0])
      assert.ok(engine!.residentBytes! > 1e6)
      assert.deepEqual(
        { ...engine, pid: 1, residentBytes: 1 },
        {
          modelId: 'a',
          state: 'loaded',
          pid: 1,
          residentBytes: 1,
          device: 'auto',
          deviceBytes: undefined,
          nRequests: 0,
          loadedAt: clock.now(),
          lastUsedAt: clock.now(),
          loadSeconds: 0,
          expiresAt: clock.now() + 1000,
        },
      )
      assert.deepEqual(
        events.map(({ type }) => type),
        ['loaded'],
      )
    })
  })

  test('the one that was used last stays, though another was asked for later', async () => {
    await withPool({ maxLoadedModels: 2 }, async (pool) => {
      const first = pool.load('a', never).then(() => ask(pool, 'a'))
      await pool.load('b', never)
      await first
      await pool.load('b', never)
      await ask(pool, 'a')
      await ask(pool, 'c')
      assert.deepEqual(loaded(pool).sort(), ['a loaded', 'c loaded'])
    })
  })

  test('a model that somebody waits for is not unloaded; one whose callers have left is, while it loads', async () => {
    await withPool({}, async (pool, events) => {
      const loading = pool.load('a', never)
      await assert.rejects(pool.unload('a'), { code: 'ASR_MODEL_BUSY' })
      await loading
      assert.equal(await pool.unload('a'), true)
      assert.equal(await pool.unload('a'), false)

      const pid = await beginLoad(pool, 'b')
      assert.equal(await pool.unload('b'), true)
      assert.ok(!isRunning(pid))
      assert.deepEqual(pool.engines(), [])
      await ask(pool, 'b')
      assert.deepEqual(
        events.map((event) => (event.type === 'unloaded' ? event.reason : event.type)),
        ['loaded', 'request', 'loaded'],
        'a load that is called off has neither loaded nor failed',
      )
    })
  })

  test('a model that is asked for while it is unloaded is loaded again', async () => {
    await withPool({}, async (pool) => {
      await pool.load('a', never)
      const [pid] = pool.enginePids()
      const unloads = [pool.unload('a'), pool.unload('a')]
      const again = ask(pool, 'a')
      assert.deepEqual(await Promise.all(unloads), [true, true])
      await again
      assert.ok(!isRunning(pid!))
      assert.deepEqual(loaded(pool), ['a loaded'])
    })
  })

  test('a load stands in line like a request', async () => {
    await withPool({}, async (pool) => {
      await Promise.all([pool.load('a', never), pool.load('b', never)]) // both are compiled now
      await pool.load('a', never)
      const done: string[] = []
      await Promise.all([ask(pool, 'a').then(() => done.push('a')), pool.load('b', never).then(() => done.push('b'))])
      assert.deepEqual(done, ['a', 'b'])
    })
  })

  test('a load that fails leaves nothing behind, and the next tries again', async () => {
    await withPool({}, async (pool, events) => {
      for (let i = 0; i < 2; i++) {
        await assert.rejects(pool.load('broken', never), { code: 'ASR_MODEL_LOAD_FAILED' })
        await until(() => pool.engines().length === 0)
      }
      assert.deepEqual(events, [
        { type: 'load-failed', modelId: 'broken' },
        { type: 'load-failed', modelId: 'broken' },
      ])
    })
  })

  test('a model that fails when it is opened swaps nobody out again before the next try', async () => {
    const clock = manualClock()
    // Ready, since its files are those of a, but loaded as what they are not.
    const resolve = (id: string): ModelEntry =>
      id === 'misnamed' ? { ...engines.resolve('a'), id, strategy: 'distil_whisper' } : engines.resolve(id)
    await withPool({ clock, resolve }, async (pool, events) => {
      const fails = (retryAfterSeconds: number) =>
        assert.rejects(ask(pool, 'misnamed'), {
          code: 'ASR_MODEL_LOAD_FAILED',
          message: /its decoder is as deep as its encoder/,
          retryAfterSeconds,
        })
      await pool.load('a', never)
      await Promise.all([fails(5), fails(5), fails(5)])
      assert.deepEqual(
        events.map(({ type }) => type),
        ['loaded', 'unloaded', 'load-failed'],
      )
      assert.deepEqual(
        pool.loadFailures().map(({ modelId, retryAt }) => [modelId, retryAt]),
        [['misnamed', clock.now() + 5_000]],
      )
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      clock.advance(4_000)
      await fails(1)
      assert.deepEqual(pool.enginePids(), [pid])
      clock.advance(1_000)
      await fails(10)
      assert.ok(!isRunning(pid!))
      assert.equal(events.filter(({ type }) => type === 'load-failed').length, 2)
    })
  })

  test('an engine that dies while nobody uses it is not counted any more', async () => {
    await withPool({}, async (pool, events) => {
      await pool.load('a', never)
      process.kill(pool.enginePids()[0]!, 'SIGKILL')
      await until(() => pool.engines().length === 0)
      assert.equal(pool.activeModel(), null)
      assert.deepEqual(events.at(-1), { type: 'unloaded', modelId: 'a', reason: 'crash' })
      await ask(pool, 'a')
    })
  })

  test('closing while a model loads ends its process, and whoever waited is told that the service is closing', async () => {
    const pool = newPool({})
    const refused = assert.rejects(pool.load('a', never), { code: 'ASR_SERVICE_CLOSING' })
    await until(() => pool.enginePids().length > 0)
    await pool.close(0)
    await refused
    assert.deepEqual(enginesAlive(), [])
  })

  test('closing in the middle of several requests starts no engine for their second try', async () => {
    const pool = newPool({})
    await pool.load('a', never)
    const requests = Promise.allSettled(Array.from({ length: 20 }, () => ask(pool, 'a')))
    await pool.close(0)
    for (const { status } of await requests) assert.equal(status, 'rejected')
    assert.deepEqual(enginesAlive(), [])
  })
})

function enginesAlive(): number[] {
  return livingDescendants().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine/entry.ts')
    } catch {
      return false // it has just ended
    }
  })
}
