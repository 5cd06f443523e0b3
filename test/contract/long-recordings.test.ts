/** What counts as a long recording: its seconds, however few bytes it has and whatever its header says. With real engines. */

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EnginePool } from '../../src/engine/index.ts'
import type { Segment } from '../../src/transcript/index.ts'
import { claimLength, writeConstant } from '../helpers/builders/dense-recordings.ts'
import { never, tinyEngines } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

const rig = tinyEngines()
const honest = join(rig.folder, 'twenty-minutes.flac')
const lying = join(rig.folder, 'says-five-seconds.flac')
const silent = join(rig.folder, 'says-nothing.flac')
for (const path of [honest, lying, silent]) writeConstant(path, 1200)
claimLength(lying, 5)
claimLength(silent, undefined)

/** One long recording at a time, and a place for a short one. */
const LIMITS = { maxConcurrency: 2, maxQueue: 8 }
const QUICK = { vadFilter: false, threshold: 0, timestamps: 'none' as const, temperature: [0], maxNewTokens: 2 }
/** A window for each second, 1200 of them, so that others get their turn between any two. */
const SLOW = { ...QUICK, vadFilter: true, threshold: 0, maxSpeechDurationS: 1, speechPadMs: 0, maxNewTokens: 16 }

async function begun(pool: EnginePool, audioPath: string, signal: AbortSignal): Promise<void> {
  const started = Promise.withResolvers<void>()
  const request = { modelId: 'a', audioPath, options: SLOW, signal, onStarted: started.resolve }
  const work = pool.transcribe(request)
  work.catch(() => {}) // it is aborted at the end
  await started.promise
}

test('small files that hold long recordings leave the place of the short ones free', async () => {
  assert.ok(statSync(honest).size < 20_000)
  await rig.withPool(LIMITS, async (pool) => {
    await rig.ask(pool, 'a')
    const stop = new AbortController()
    await begun(pool, honest, stop.signal)
    await begun(pool, honest, stop.signal)
    await until(() => pool.queue.state.running === 1 && pool.queue.state.waiting === 1, 'the second waits')
    await rig.ask(pool, 'a')
    assert.deepEqual(pool.queue.state, { running: 1, waiting: 1 })
    stop.abort()
    await until(() => pool.queue.state.running + pool.queue.state.waiting === 0)
  })
})

for (const [what, audioPath] of [
  ['lies', lying],
  ['does not say it', silent],
] as const) {
  test(`a long recording whose header ${what} leaves when it has shown its length, and is told once`, async () => {
    await rig.withPool(LIMITS, async (pool) => {
      await rig.ask(pool, 'a')
      const stop = new AbortController()
      await begun(pool, honest, stop.signal)
      const told: Segment[] = []
      let nStarted = 0
      const work = pool.transcribe({
        ...{ modelId: 'a', audioPath, options: QUICK, signal: never },
        onStarted: () => void nStarted++,
        onSegments: (segments) => void told.push(...segments),
      })
      await until(() => nStarted === 1 && pool.queue.state.waiting === 1, 'it waits as a long one')
      assert.ok(told.length > 0)
      await rig.ask(pool, 'a')
      stop.abort()
      const { segments, durationSeconds } = await work
      assert.equal(durationSeconds, 1200)
      assert.equal(nStarted, 2)
      assert.deepEqual(told, segments)
    })
  })
}

test('a large file that is short counts as short', async () => {
  await rig.withPool(LIMITS, async (pool) => {
    await rig.ask(pool, 'a')
    const stop = new AbortController()
    await begun(pool, honest, stop.signal)
    const short = { modelId: 'a', audioPath: rig.recording, isLong: true, options: QUICK, signal: never }
    assert.equal((await pool.transcribe(short)).durationSeconds, 0.5)
    stop.abort()
  })
})
