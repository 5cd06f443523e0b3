/** A GPU that is lost, or has no memory, in the middle of the service: played by the processor, in real engine processes. */

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { readConfig } from '../../src/config.ts'
import type { EnginePool } from '../../src/engine/index.ts'
import { readOptions } from '../../src/whisper/options.ts'
import { manualClock } from '../helpers/fakes/manual-clock.ts'
import { isRunning } from '../helpers/judges/process-tree.ts'
import { livingDescendants, tinyEngines } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

const engines = tinyEngines()
const failure = join(engines.folder, 'failure')
process.env.PLAYED_GPU_FAILURE = failure
process.env.NODE_OPTIONS = `--import=${pathToFileURL(join(import.meta.dirname, '../helpers/fakes/played-gpu.ts')).href}`

afterEach(() => rmSync(failure, { force: true }))

/** As the runtime says them. */
const LOST = {
  webgpu: 'WebGPU device lost (2): A valid external Instance reference no longer exists.',
  'cuda:0': 'CUDA failure 719: unspecified launch failure ; GPU=0 ; expr=cudaStreamSynchronize(stream);',
}
const FULL = {
  webgpu: 'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
  'cuda:0': 'CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);',
}

for (const device of ['webgpu', 'cuda:0'] as const) {
  describe(`DEVICE=${device}`, { concurrency: 1 }, () => {
    const { engine: settings } = readConfig({
      PARADOX_CACHE_DIR: join(engines.folder, 'cache'),
      THREADS: '1',
      DEVICE: device,
      DTYPE: 'float32',
    })
    const ask = (pool: EnginePool, options: Record<string, unknown> = {}) =>
      pool.transcribe({
        modelId: 'a',
        audioPath: engines.recording,
        options: readOptions({ vad_filter: false, max_new_tokens: 2, temperature: 0, ...options }),
        signal: new AbortController().signal,
      })

    for (const [how, options] of [
      ['in a whole text', {}],
      ['while it samples', { temperature: 0.5 }],
    ] as const) {
      test(`lost ${how}: the request fails, its process ends, the next request has a fresh one`, async () => {
        await engines.withPool({ settings }, async (pool) => {
          await ask(pool)
          const [pid] = pool.enginePids()
          writeFileSync(failure, `run ${LOST[device]}`)
          await assert.rejects(ask(pool, options), { code: 'ASR_DEVICE_FAILED' })
          rmSync(failure)
          await until(() => !isRunning(pid!))
          await ask(pool, options)
          assert.notEqual(pool.enginePids()[0], pid)
        })
        assert.deepEqual(livingDescendants(), [])
      })
    }

    test('too little memory for the model: its load says so, nothing stays, and it is tried again', async () => {
      const clock = manualClock()
      await engines.withPool({ settings, clock }, async (pool) => {
        writeFileSync(failure, `create ${FULL[device]}`)
        await assert.rejects(ask(pool), {
          code: 'ASR_MODEL_LOAD_FAILED',
          message: /device's memory is too short for the model/,
        })
        await until(() => livingDescendants().length === 0)
        rmSync(failure)
        clock.advance(5_000)
        await ask(pool)
      })
    })
  })
}
