/** What a test of downloads needs: a hub on this machine, an empty cache, and pauses that take no time. */

import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ResolveOptions } from '../../../src/hub/index.ts'
import { type HubServer, type HubServerOptions, startHubServer } from '../fakes/hub-server.ts'
import { tempFolder } from './temp-folder.ts'

export const REPO = 'somebody/whisper-test'

/** Looks like a checkpoint from outside; the weights are large enough to be kept as LFS. */
export const CHECKPOINT: Readonly<Record<string, Uint8Array | string>> = {
  'config.json': '{"model_type":"whisper"}',
  'tokenizer.json': '{"version":"1.0"}',
  'model.safetensors': Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) % 251)),
}

export interface HubRig {
  readonly server: HubServer
  /** The standard hub cache, at first empty. */
  readonly hubCache: string
  /** For `resolveCheckpointFolder`; change what the test is about. */
  readonly options: ResolveOptions
  /** Pauses between attempts that were asked for, in milliseconds. */
  readonly pauses: number[]
  /** `METHOD path` of the requests so far, in order. */
  paths(): string[]
}

export async function hubRig(t: TestContext, server: Partial<HubServerOptions> = {}): Promise<HubRig> {
  const folder = tempFolder(t)
  const hub = await startHubServer({ repositories: { [REPO]: CHECKPOINT }, ...server })
  t.after(() => hub[Symbol.asyncDispose]())
  const hubCache = join(folder, 'hub')
  const pauses: number[] = []
  return {
    server: hub,
    hubCache,
    pauses,
    paths: () => hub.requests.map(({ method, path }) => `${method} ${path}`),
    options: {
      hub: { cacheDir: hubCache, endpoint: hub.endpoint, token: undefined, offline: false },
      cacheDir: join(folder, 'own'),
      signal: new AbortController().signal,
      wait: async (ms) => void pauses.push(ms),
    },
  }
}
