/** A service with one place for a model and a hub on this machine, for the tests of what swaps models. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { warmUpRecording } from '../../../src/engine/preload.ts'
import { type ManualClock, manualClock } from '../fakes/manual-clock.ts'
import { modelsRig, type Rig } from './models-rig.ts'
import { livingDescendants, never } from './tiny-engines.ts'

type Entry = Readonly<Record<string, unknown>>

export interface SwapRig extends Rig {
  readonly clock: ManualClock
  /** Id and state of every model of `GET /api/ps`. */
  states(): Promise<string[]>
  entryOf(id: string): Promise<Entry>
  transcribe(modelId: string, signal?: AbortSignal): Promise<Response>
  /** Asks the working model three times, and checks that its process is the one of before. */
  assertWorking(): Promise<void>
}

/** Of a response in JSON. */
export async function detailOf(response: Response): Promise<string> {
  return ((await response.json()) as { detail: string }).detail
}

/** One place, in which `mine` is loaded. */
export async function swapRig(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<SwapRig> {
  const clock = manualClock()
  // Which precision is fastest is no matter here, and takes a second to measure.
  const rig = await modelsRig(t, { DTYPE: 'float32', ...env }, { maxLoadedModels: 1, clock })
  await rig.pool.load('mine', never)
  const [pid] = rig.pool.enginePids()
  const psOf = async () => (await rig.ask('GET', '/api/ps')).body.models as Entry[]
  const transcribe = async (modelId: string, signal = never) => {
    const form = new FormData()
    form.set('model_id', modelId)
    form.set('vad_filter', 'false')
    form.set('max_new_tokens', '2')
    form.set('file', new Blob([new Uint8Array(warmUpRecording())]), 'sound.wav')
    return await fetch(`${rig.service.baseUrl}/transcribe`, { method: 'POST', body: form, signal })
  }
  return {
    ...rig,
    clock,
    transcribe,
    states: async () => (await psOf()).map(({ id, state }) => `${id} ${state}`),
    entryOf: async (id) => (await psOf()).find((entry) => entry.id === id) ?? {},
    async assertWorking() {
      for (let i = 0; i < 3; i++) assert.equal((await transcribe('mine')).status, 200)
      assert.deepEqual(rig.pool.enginePids(), [pid])
    },
  }
}

/** Processes that prepare models. */
export function preparing(): number[] {
  return livingDescendants().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('preparation-entry')
    } catch {
      return false // it has just ended
    }
  })
}
