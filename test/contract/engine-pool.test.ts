/** The hot swap, with real engine processes on tiny random checkpoints. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EngineEvent, type EnginePool } from '../../src/engine/index.ts'
import type { EnginePoolOptions } from '../../src/engine/pool.ts'
import type { WorkTiming } from '../../src/engine/transcriber.ts'
import { ModelUnknownError } from '../../src/errors/index.ts'
import { silentLogger } from '../../src/logger.ts'
import type { ModelEntry } from '../../src/models/registry.ts'
import { type RequestedOptions, readOptions } from '../../src/whisper/options.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { children, descendants, isRunning } from '../helpers/judges/process-tree.ts'
import { until } from '../helpers/until.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-pool-'))
const never = new AbortController().signal
const short = join(root, 'short.wav')
/** Not WAV, so that its ffmpeg shows when it is worked on. */
const long = join(root, 'long.aiff')
const noAudio = join(root, 'text.mp3')

before(() => {
  for (const [seed, name] of ['a', 'b', 'c'].entries()) {
    writeRandomCheckpoint(join(root, name), tinyShape(), { seed })
  }
  for (const [path, seconds] of [
    [short, '1'],
    [long, '1200'],
  ] as const) {
    const tone = ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=300:sample_rate=16000', '-t', seconds, path]
    execFileSync('ffmpeg', tone)
  }
  writeFileSync(noAudio, 'not audio')
})
after(() => rmSync(root, { recursive: true, force: true }))

function entry(id: string): ModelEntry {
  if (!/^(a|b|c|broken)$/.test(id)) throw new ModelUnknownError(id, ['a', 'b', 'c'])
  const path = join(root, id)
  return { id, origin: { kind: 'folder', path }, strategy: 'whisper', language: 'pt', tokenizer: undefined }
}

function newPool(
  maxLoadedModels = 1,
  onEvent?: (event: EngineEvent) => void,
  limits: Pick<EnginePoolOptions, 'modelTurnMs'> = {},
): EnginePool {
  const { engine } = readConfig({ PARADOX_CACHE_DIR: join(root, 'cache'), THREADS: '1' })
  return createEnginePool({
    resolve: entry,
    maxLoadedModels,
    settings: engine,
    logger: silentLogger,
    onEvent,
    ...limits,
  })
}

async function withPool(maxLoadedModels: number, work: (pool: EnginePool) => Promise<void>): Promise<void> {
  const pool = newPool(maxLoadedModels)
  try {
    await work(pool)
  } finally {
    await pool.close(0)
  }
}

function ask(pool: EnginePool, modelId: string, audioPath = short, signal = never) {
  return pool.transcribe({ modelId, audioPath, signal })
}

/** Engine processes of this test file that are alive; ffmpeg and others are no engines. */
function enginesAlive(pool: EnginePool): number {
  const alive = new Set(descendants(process.pid).filter(isRunning))
  return pool.enginePids().filter((pid) => alive.has(pid)).length
}

describe('the engine pool', { concurrency: 1 }, () => {
  test('options that contradict each other are refused before any engine is started', async () => {
    await withPool(1, async (pool) => {
      for (const request of [
        { options: { beamSize: 5, temperature: [0.5] } },
        { options: { temperature: [0.5, 0.5] } },
        { options: { multilingual: true }, language: 'pt' },
      ]) {
        const asked = pool.transcribe({ modelId: 'a', audioPath: short, signal: never, ...request })
        await assert.rejects(asked, { code: 'ASR_OPTION_INVALID' })
      }
      assert.deepEqual(pool.enginePids(), [])
    })
  })

  test('twenty parallel requests that alternate between two models all succeed with one engine alive at a time', async () => {
    await withPool(1, async (pool) => {
      let most = 0
      const seen = new Set<number>()
      const watch = setInterval(() => {
        const engines = children(process.pid).filter((pid) => isRunning(pid) && isEngine(pid))
        for (const pid of engines) seen.add(pid)
        most = Math.max(most, engines.length)
      }, 5)
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(pool, i % 2 === 0 ? 'a' : 'b')))
      clearInterval(watch)
      assert.equal(results.length, 20)
      assert.equal(most, 1)
      assert.ok(
        seen.size >= 2 && seen.size <= 4,
        `${seen.size} engines for twenty requests: they were batched by model`,
      )
    })
  })

  test('no model starves: while one is asked for without end, the other gets its turn', async () => {
    await withPool(1, async (pool) => {
      const done = new AbortController()
      const stream = async () => {
        while (!done.signal.aborted) await ask(pool, 'a')
      }
      const streams = [stream(), stream(), stream()]
      await ask(pool, 'b')
      done.abort()
      await Promise.all(streams)
    })
  })

  test('a loaded model goes on answering short requests while a long one keeps another model waiting', async () => {
    const pool = newPool(1, undefined, { modelTurnMs: 1 })
    try {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      const leaving = new AbortController()
      const held = pool.transcribe({ modelId: 'a', audioPath: long, isLong: true, signal: leaving.signal })
      await until(() => descendants(pid!).length > 0)
      let isAnswered = false
      const other = ask(pool, 'b').finally(() => {
        isAnswered = true
      })
      for (let i = 0; i < 3; i++) await ask(pool, 'a')
      assert.deepEqual(pool.enginePids(), [pid], 'the model was not swapped')
      assert.equal(isAnswered, false)
      leaving.abort()
      await assert.rejects(held, { name: 'AbortError' })
      await other
      assert.equal(pool.activeModel(), 'b')
    } finally {
      await pool.close(0)
    }
  })

  test('two models stay loaded where two are allowed, and the least recently used makes room for a third', async () => {
    await withPool(2, async (pool) => {
      await ask(pool, 'a')
      await ask(pool, 'b')
      assert.equal(enginesAlive(pool), 2)
      const [a, b] = pool.enginePids()
      await ask(pool, 'a')
      await ask(pool, 'c')
      assert.ok(isRunning(a!))
      assert.ok(!isRunning(b!))
      assert.equal(pool.activeModel(), 'c')
    })
  })

  test('a killed engine fails the request it was working on; the next gets a fresh one', async () => {
    await withPool(1, async (pool) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      const victim = ask(pool, 'a', long)
      await until(() => descendants(pid!).length > 0)
      process.kill(pid!, 'SIGKILL')
      await assert.rejects(victim, { code: 'ASR_ENGINE_CRASHED', message: /model 'a'.*SIGKILL/ })
      await ask(pool, 'a')
      assert.notEqual(pool.enginePids()[0], pid)
    })
  })

  test('those that an engine was working on side by side when it was killed are answered by the next', async () => {
    await withPool(1, async (pool) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      const together = [ask(pool, 'a', long), ask(pool, 'a', long), ask(pool, 'a', long)]
      await until(() => descendants(pid!).length === together.length)
      process.kill(pid!, 'SIGKILL')
      assert.equal((await Promise.all(together)).length, together.length)
      assert.notEqual(pool.enginePids()[0], pid)
    })
  })

  test('a caller that leaves while decoding stops the work and its ffmpeg, and the engine serves on', async () => {
    await withPool(1, async (pool) => {
      await ask(pool, 'a')
      const [pid] = pool.enginePids()
      const controller = new AbortController()
      const left = ask(pool, 'a', long, controller.signal)
      await until(() => descendants(pid!).length > 0)
      controller.abort()
      await assert.rejects(left, { name: 'AbortError' })
      await until(() => descendants(pid!).length === 0)
      await ask(pool, 'a')
      assert.deepEqual(pool.enginePids(), [pid])
    })
  })

  test('a caller that leaves the line is not served and does not block those behind', async () => {
    await withPool(1, async (pool) => {
      const running = ask(pool, 'a')
      const controller = new AbortController()
      const leaving = ask(pool, 'b', short, controller.signal)
      const behind = ask(pool, 'a')
      controller.abort()
      await assert.rejects(leaving, { name: 'AbortError' })
      await Promise.all([running, behind])
      assert.equal(pool.activeModel(), 'a')
    })
  })

  test('a file that is no audio does not swap the loaded model out', async () => {
    await withPool(1, async (pool) => {
      await ask(pool, 'a')
      const pids = pool.enginePids()
      await assert.rejects(ask(pool, 'b', noAudio), { code: 'ASR_AUDIO_UNREADABLE' })
      assert.deepEqual(pool.enginePids(), pids)
      assert.equal(pool.activeModel(), 'a')
    })
  })

  test('a model that cannot be loaded fails every request for it by name, and the others go on', async () => {
    await withPool(1, async (pool) => {
      const broken = await Promise.allSettled([ask(pool, 'broken'), ask(pool, 'broken'), ask(pool, 'a')])
      assert.deepEqual(
        broken.map((result) => result.status),
        ['rejected', 'rejected', 'fulfilled'],
      )
      const { reason } = broken[0] as PromiseRejectedResult
      assert.equal(reason.code, 'ASR_MODEL_LOAD_FAILED')
      assert.match(reason.message, /Model 'broken' could not be loaded/)
      assert.doesNotMatch(reason.sentence, /\//, 'no path')
      await ask(pool, 'b')
    })
  })

  test('an error of the engine keeps its code and sentence on the way to the caller', async () => {
    await withPool(1, async (pool) => {
      const request = { modelId: 'a', audioPath: short, language: 'klingon', signal: never }
      await assert.rejects(pool.transcribe(request), {
        code: 'ASR_LANGUAGE_UNKNOWN',
        message: /'klingon'/,
      })
      await ask(pool, 'a')
    })
  })

  test('an idle model can be unloaded; one in use cannot', async () => {
    await withPool(1, async (pool) => {
      const running = ask(pool, 'a')
      await until(() => pool.enginePids().length > 0)
      await assert.rejects(pool.unload('a'), { code: 'ASR_MODEL_BUSY' })
      await running
      const [pid] = pool.enginePids()
      assert.equal(await pool.unload('a'), true)
      assert.ok(!isRunning(pid!))
      assert.equal(pool.activeModel(), null)
    })
  })

  test('loads and unloads are told, each with its reason', async () => {
    const events: string[] = []
    const pool = newPool(1, (event) => {
      if (event.type === 'loaded') assert.ok(event.seconds > 0)
      events.push([event.type, event.modelId, ...(event.type === 'unloaded' ? [event.reason] : [])].join(' '))
    })
    await ask(pool, 'a')
    await ask(pool, 'b')
    await assert.rejects(ask(pool, 'broken'))
    await ask(pool, 'a')
    process.kill(pool.enginePids()[0]!, 'SIGKILL')
    await until(() => events.includes('unloaded a crash'))
    await ask(pool, 'a')
    await pool.unload('a')
    await ask(pool, 'c')
    await pool.close(0)
    await until(() => events.at(-1)?.startsWith('unloaded c') === true)
    assert.deepEqual(events, [
      ...['loaded a', 'unloaded a swap'],
      ...['loaded b', 'load-failed broken', 'unloaded b swap'],
      ...['loaded a', 'unloaded a crash'],
      ...['loaded a', 'unloaded a request'],
      ...['loaded c', 'unloaded c shutdown'],
    ])
  })

  test('a request is told when an engine takes it up, and what it took of the engine', async () => {
    await withPool(1, async (pool) => {
      const told: string[] = []
      const timings: WorkTiming[] = []
      await pool.transcribe({
        modelId: 'a',
        audioPath: short,
        signal: never,
        // A tone is no speech, and nothing would be decoded.
        options: { vadFilter: false, temperature: [0], maxNewTokens: 5 },
        onStarted: () => told.push('started'),
        onTiming: (timing) => {
          told.push('timing')
          timings.push(timing)
        },
      })
      assert.deepEqual(told, ['started', 'timing'])
      const { decodeSeconds, steps, windowSteps } = timings[0]!
      assert.ok(decodeSeconds > 0)
      assert.ok(steps > 0)
      assert.equal(windowSteps, steps, 'alone it is one window in each step')
    })
  })

  test('AUDIO_CONTEXT decides where a request does not', async () => {
    // Random weights answer otherwise to another context. What they doubt would be decoded again at the full one.
    const logprobWith = async (setting: string, options: RequestedOptions) => {
      const { engine } = readConfig({
        PARADOX_CACHE_DIR: join(root, 'cache'),
        THREADS: '1',
        AUDIO_CONTEXT: setting,
      })
      const pool = createEnginePool({ resolve: entry, maxLoadedModels: 1, settings: engine, logger: silentLogger })
      const plain = {
        vadFilter: false,
        threshold: 0, // or unsure text would be left out for want of speech
        temperature: [0],
        maxNewTokens: 5,
        timestamps: 'none',
      } satisfies RequestedOptions
      const trusting = { logProbThreshold: -100, compressionRatioThreshold: 100, noSpeechThreshold: 1 }
      const request = { modelId: 'a', audioPath: short, options: { ...plain, ...trusting, ...options }, signal: never }
      try {
        return (await pool.transcribe(request)).segments[0]!.avgLogprob
      } finally {
        await pool.close(0)
      }
    }
    const adaptive = await logprobWith('', {})
    const full = await logprobWith('', { audioContext: 'full' })
    assert.notEqual(adaptive, full)
    assert.equal(await logprobWith('full', {}), full)
    assert.equal(await logprobWith('full', readOptions({ audio_context: '' })), full, 'blank counts as not given')
    assert.equal(await logprobWith('full', { audioContext: 'adaptive' }), adaptive)
  })

  test('closing lets the running request finish, refuses the waiting and ends every process', async () => {
    const pool = newPool()
    const running = ask(pool, 'a')
    await until(() => pool.enginePids().length > 0)
    const waiting = ask(pool, 'b')
    const [pid] = pool.enginePids()
    const refused = assert.rejects(waiting, { code: 'ASR_SERVICE_CLOSING' })
    await pool.close(60_000)
    await running
    await refused
    assert.ok(!isRunning(pid!))
    await assert.rejects(ask(pool, 'a'), { code: 'ASR_SERVICE_CLOSING' })
  })

  test('closing does not wait for ever: what has not finished in time is ended', async () => {
    const pool = newPool()
    await ask(pool, 'a')
    const [pid] = pool.enginePids()
    const running = assert.rejects(ask(pool, 'a', long), { code: 'ASR_ENGINE_CRASHED' })
    await until(() => descendants(pid!).length > 0)
    await pool.close(0)
    await running
    assert.ok(!isRunning(pid!))
  })
})

function isEngine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine/entry.ts')
  } catch {
    return false // it has just ended
  }
}
