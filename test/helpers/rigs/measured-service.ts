/** The HTTP layer in a process of its own, before a transcriber that says "ok", with what requests cost it. */

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startScriptedProcess } from '../fakes/scripted-process.ts'
import type { Cost } from './process-meter.ts'
import { uploadsIn } from './service.ts'

export interface MeasuredService extends AsyncDisposable {
  readonly baseUrl: string
  readonly port: number
  /** Names of the uploads that lie on the disk at this moment. */
  uploads(): Promise<string[]>
  /** What the service's process takes while `work` goes on. */
  measure<T>(work: () => Promise<T>): Promise<readonly [T, Cost]>
}

/** @param env  settings by their names. */
export async function startMeasuredService(env: NodeJS.ProcessEnv = {}): Promise<MeasuredService> {
  const folder = await mkdtemp(join(tmpdir(), 'paradox-measured-'))
  const meter = ['--expose-gc', `--import=${import.meta.resolve('./process-meter.ts')}`]
  const service = await startScriptedProcess({ TEMP_DIR: folder, ...env }, meter)
  const ask = async (what: string): Promise<unknown> => {
    const answer = once(service.child, 'message')
    service.child.send(what)
    return (await answer)[0]
  }
  return {
    baseUrl: service.baseUrl,
    port: service.port,
    uploads: () => uploadsIn(folder),
    async measure(work) {
      await ask('begin')
      const result = await work()
      return [result, (await ask('end')) as Cost]
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
