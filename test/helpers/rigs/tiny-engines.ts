/** Pools of real engine processes on tiny random checkpoints, which load in half a second. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { createEnginePool, type EngineEvent, type EnginePool } from '../../../src/engine/index.ts'
import type { EnginePoolOptions } from '../../../src/engine/pool.ts'
import { warmUpRecording } from '../../../src/engine/preload.ts'
import { ModelUnknownError } from '../../../src/errors/index.ts'
import { silentLogger } from '../../../src/logger.ts'
import type { ModelEntry } from '../../../src/models/registry.ts'
import { tinyShape, writeRandomCheckpoint } from '../builders/checkpoint-builder.ts'
import { descendants, isRunning } from '../judges/process-tree.ts'

export const never = new AbortController().signal

export interface TinyEngines {
  readonly folder: string
  /** Half a second of quiet sound. */
  readonly recording: string
  readonly resolve: (id: string) => ModelEntry
  /** Runs `work` with a pool, which is closed in every case; events that it tells are collected. */
  withPool(
    options: Partial<EnginePoolOptions>,
    work: (pool: EnginePool, events: readonly EngineEvent[]) => Promise<void>,
  ): Promise<void>
  newPool(options: Partial<EnginePoolOptions>): EnginePool
  ask(pool: EnginePool, modelId: string, signal?: AbortSignal): Promise<unknown>
}

/** To be called once in a test file. The models are a, b and c, and `broken`, which has no files. */
export function tinyEngines(): TinyEngines {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-engines-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [seed, name] of ['a', 'b', 'c'].entries()) {
    writeRandomCheckpoint(join(folder, name), tinyShape(), { seed })
  }
  const recording = join(folder, 'recording.wav')
  writeFileSync(recording, warmUpRecording())

  const resolve = (id: string): ModelEntry => {
    if (!/^(a|b|c|broken)$/.test(id)) throw new ModelUnknownError(id, ['a', 'b', 'c'])
    const origin = { kind: 'folder', path: join(folder, id) } as const
    return { id, origin, strategy: 'whisper', language: 'pt', tokenizer: undefined }
  }
  const newPool = (options: Partial<EnginePoolOptions>) => {
    const { engine } = readConfig({ PARADOX_CACHE_DIR: join(folder, 'cache'), THREADS: '1' })
    return createEnginePool({ resolve, maxLoadedModels: 1, settings: engine, logger: silentLogger, ...options })
  }
  return {
    folder,
    recording,
    resolve,
    newPool,
    async withPool(options, work) {
      const events: EngineEvent[] = []
      const pool = newPool({ onEvent: (event) => events.push(event), ...options })
      try {
        await work(pool, events)
      } finally {
        await pool.close(0)
      }
    },
    ask: (pool, modelId, signal = never) =>
      pool.transcribe({ modelId, audioPath: recording, options: { vadFilter: false, maxNewTokens: 2 }, signal }),
  }
}

/** Processes that this one has started and that still run. */
export function livingDescendants(): number[] {
  return descendants(process.pid).filter(isRunning)
}
