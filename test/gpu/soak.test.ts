/**
 * Memory of a Vulkan device comes back: from windows that end, from models that are swapped, and from a device that has
 * failed. With software Vulkan all of it is memory of the process.
 *
 * A few rounds by default; `make soak-gpu` makes 500 transcriptions and 50 swaps, for which this Vulkan takes an hour.
 */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { WAV_HEADER_BYTES } from '../../src/audio/index.ts'
import { compile } from '../../src/compiler/index.ts'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { silentLogger } from '../../src/logger.ts'
import { readOptions } from '../../src/whisper/options.ts'
import { samplesOf } from '../contract/decoder-batch-contract.ts'
import { randomTensorSource, tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { descendants, isRunning, residentBytes, residentBytesOfTree } from '../helpers/judges/process-tree.ts'
import { softwareVulkan } from '../helpers/rigs/software-vulkan.ts'

const [nTranscriptions, nSwaps] = (process.env.GPU_SOAK ?? '7,2').split(',').map(Number) as [number, number]
const nBatches = Math.max(10, nTranscriptions / 4)

const MB = 1024 * 1024
/** What allocators round. In half of the whole soak, whoever leaked each window's sound would be six times above it. */
const MOST_GROWTH = 30 * MB

const vulkan = softwareVulkan()
Object.assign(process.env, vulkan.env) // before the runtime looks for drivers
/** Few of everything: what takes the time is the spectrogram and the vocabulary, of which less is not a Whisper. */
const SHAPE = tinyShape({ encoderLayers: 1, decoderLayers: 1 })

describe('over and over on software Vulkan', { skip: vulkan.skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-gpu-soak-'))
  after(() => rmSync(root, { recursive: true, force: true }))

  test('one engine transcribes over and over, and its memory stays what it was', async (t) => {
    writeRandomCheckpoint(join(root, 'a'), SHAPE)
    const pool = newPool(t)
    // The runtime keeps buffers of each size for the next run, up to a limit, so at first memory grows.
    const settledAfter = Math.floor(nTranscriptions / 2)
    const askUntil = async (from: number, to: number) => {
      for (let done = from + 1; done <= to; done++) {
        await ask(pool, 'a')
        if (done % 50 === 0) console.log(`${done} transcriptions: ${inMb(residentBytes(engines()[0]!))}`)
      }
    }
    await askUntil(0, settledAfter)
    const [engine] = engines()
    const settled = residentBytes(engine!)
    await askUntil(settledAfter, nTranscriptions)
    assert.deepEqual(engines(), [engine], 'one process has made them all')
    const growth = residentBytes(engine!) - settled
    t.diagnostic(`${inMb(settled)} after ${settledAfter} transcriptions, ${inMb(growth)} more after ${nTranscriptions}`)
    assert.ok(growth <= MOST_GROWTH)
  })

  test('engines are swapped and unloaded, and all that they had is back', async (t) => {
    for (const [seed, name] of ['b', 'c'].entries()) writeRandomCheckpoint(join(root, name), SHAPE, { seed })
    const pool = newPool(t)
    await ask(pool, 'b')
    await pool.unload('b')
    const idle = residentBytesOfTree(process.pid)
    for (let swap = 0; swap < nSwaps; swap++) {
      await ask(pool, swap % 2 === 0 ? 'c' : 'b')
      assert.equal(engines().length, 1, 'the process of the model before is gone')
    }
    for (const name of ['b', 'c']) await pool.unload(name)
    assert.deepEqual(engines(), [])
    const growth = residentBytesOfTree(process.pid) - idle
    t.diagnostic(`${nSwaps} swaps: ${inMb(growth)} more`)
    assert.ok(growth <= MOST_GROWTH)
  })

  test('a window for which the device has no memory ends its process, and the next request has a fresh one', async (t) => {
    // Scores of 128 heads over 1500 positions take more than this device gives in one piece.
    const greedy = { ...SHAPE, dModel: 128, encoderHeads: 128 }
    writeRandomCheckpoint(join(root, 'greedy'), greedy)
    const pool = newPool(t)
    await assert.rejects(ask(pool, 'greedy', { audio_context: 'full' }), {
      code: 'ASR_DEVICE_FAILED',
      message: /memory/,
    })
    // In silence nothing is asked of the device, so this takes only a process that listens.
    const silence = warmUpRecording().fill(0, WAV_HEADER_BYTES)
    await ask(pool, 'greedy', { vad_filter: true }, silence)
    await pool.unload('greedy')
    assert.deepEqual(engines(), [])
  })

  test('windows come and go in batches, and memory stays what it was', async (t) => {
    const shape = { ...SHAPE, vocabSize: 1000 } // without a tokenizer it may be small
    const checkpoint = {
      config: shape,
      tensors: randomTensorSource(shape, 1),
      generation: { alignmentHeads: undefined },
    }
    const folder = join(root, 'batches')
    mkdirSync(folder)
    compile(checkpoint, folder, { target: 'webgpu' })
    await using backend = await openWebGpuBackend(checkpoint, folder, { device: 'webgpu', threads: 1 })
    const logitBias = new Float32Array(shape.vocabSize)
    const round = async (i: number) => {
      using batch = backend.batch(20 + 10 * (i % 3), 1 + (i % 2))
      for (const slot of [0, 1]) {
        await backend.encode(samplesOf(batch.audioContext, slot), batch, slot)
        await batch.prompt(slot, [1, 2, 3], [2])
        const tokens = Array.from({ length: batch.rowsPerWindow }, () => 5)
        await batch.step([{ slot, tokens, logitBias }], 2, false)
      }
      await backend.align(batch, 1, [1, 2, 3])
    }
    for (let i = 0; i < 6; i++) await round(i) // each of the shapes once
    const settled = residentBytes(process.pid)
    for (let i = 0; i < nBatches; i++) await round(i)
    const growth = residentBytes(process.pid) - settled
    t.diagnostic(`${nBatches} batches of two windows: ${inMb(growth)} more`)
    assert.ok(growth <= MOST_GROWTH)
  })

  const engines = () => descendants(process.pid).filter(isRunning)

  function newPool(t: TestContext): EnginePool {
    const { engine } = readConfig({ PARADOX_CACHE_DIR: join(root, 'cache'), DEVICE: 'webgpu' })
    const resolve = (id: string) => {
      const origin = { kind: 'folder', path: join(root, id) } as const
      return { id, origin, strategy: 'whisper', language: 'pt', tokenizer: undefined } as const
    }
    const pool = createEnginePool({ resolve, maxLoadedModels: 1, settings: engine, logger: silentLogger })
    t.after(() => pool.close(0))
    return pool
  }

  async function ask(
    pool: EnginePool,
    modelId: string,
    options: Record<string, unknown> = {},
    recording = warmUpRecording(),
  ): Promise<void> {
    const audioPath = join(root, 'recording.wav')
    writeFileSync(audioPath, recording)
    const signal = new AbortController().signal
    await pool.transcribe({ modelId, audioPath, options: readOptions({ ...QUICK, ...options }), signal })
  }
})

/** Random weights say nothing that could be trusted, so nothing is tried again, and little is said. */
const QUICK = {
  vad_filter: false,
  max_new_tokens: 1,
  temperature: '0',
  beam_size: 1,
  timestamps: 'none',
  log_prob_threshold: -100,
  compression_ratio_threshold: 100,
}

function inMb(bytes: number): string {
  return `${Math.round(bytes / MB)} MB`
}
