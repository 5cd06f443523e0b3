/** A service with a real pool of engines and a hub on this machine, for the tests of its models. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../../src/engine/index.ts'
import type { EnginePoolOptions } from '../../../src/engine/pool.ts'
import { silentLogger } from '../../../src/logger.ts'
import { ModelRegistry } from '../../../src/models/registry.ts'
import { tinyShape, writeRandomCheckpoint } from '../builders/checkpoint-builder.ts'
import { type HubServer, startHubServer } from '../fakes/hub-server.ts'
import { type RunningService, startService } from './service.ts'
import { tempFolder } from './temp-folder.ts'
import { never } from './tiny-engines.ts'

export const REPO = 'somebody/tiny'
export const WEIGHTS = 'model.safetensors'

export interface Model {
  readonly id: string
  readonly state: string
  readonly created: number
  readonly [key: string]: unknown
}
export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}
export interface Rig {
  readonly folder: string
  readonly hub: HubServer
  readonly pool: EnginePool
  readonly service: RunningService
  readonly hubCache: string
  readonly cacheDir: string
  ask(method: string, path: string, init?: RequestInit): Promise<Answer>
  /** Data of the events of a download, in order; the last is the text that ends the stream. */
  events(path: string, signal?: AbortSignal): AsyncGenerator<Record<string, unknown> | string>
  compiled(): string[]
}

/**
 * Models: `hosted` (in the hub, called whisper-1 too), `mine` (a folder), and whatever somebody has in the hub, such as
 * `somebody/other` and `somebody/sharded`.
 */
export async function modelsRig(
  t: TestContext,
  env: NodeJS.ProcessEnv = {},
  poolOptions: Partial<EnginePoolOptions> = {},
): Promise<Rig> {
  const folder = tempFolder(t)
  const mine = join(folder, 'mine')
  writeRandomCheckpoint(mine, tinyShape())
  writeRandomCheckpoint(join(folder, 'tiny'), tinyShape(), { seed: 1 })
  writeRandomCheckpoint(join(folder, 'other'), tinyShape(), { seed: 2 })
  writeRandomCheckpoint(join(folder, 'sharded'), tinyShape(), { seed: 3, shards: 2 })
  const hub = await startHubServer({
    repositories: {
      [REPO]: join(folder, 'tiny'),
      'somebody/other': join(folder, 'other'),
      'somebody/sharded': join(folder, 'sharded'),
      'somebody/weightless': WEIGHTLESS,
      'somebody/flax': FLAX,
    },
  })
  const modelsFile = join(folder, 'models.json')
  writeFileSync(
    modelsFile,
    JSON.stringify({
      hosted: { repo: REPO, strategy: 'whisper', language: 'pt' },
      mine: { path: mine, strategy: 'whisper' },
    }),
  )
  const hubCache = join(folder, 'hub')
  const cacheDir = join(folder, 'own')
  const settings = {
    MODELS_FILE: modelsFile,
    ALLOWED_MODELS: 'somebody/*',
    MODEL_ALIASES: 'whisper-1=hosted',
    MAX_LOADED_MODELS: '2',
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_CACHE: hubCache,
    PARADOX_CACHE_DIR: cacheDir,
    THREADS: '1',
    ...env,
  }
  const config = readConfig(settings)
  const registry = ModelRegistry.load(config.models)
  const pool = createEnginePool({
    resolve: (id) => registry.get(id),
    maxLoadedModels: 2,
    maxConcurrency: config.admission.maxConcurrency,
    maxQueue: config.admission.maxQueue,
    settings: config.engine,
    logger: silentLogger,
    ...poolOptions,
  })
  const service = await startService({ transcriber: pool, env: settings })
  t.after(async () => {
    await service.close()
    await hub[Symbol.asyncDispose]()
  })
  return {
    folder,
    hub,
    pool,
    service,
    hubCache,
    cacheDir,
    async ask(method, path, init = {}) {
      const response = await fetch(service.baseUrl + path, { method, ...init })
      assert.equal(response.headers.get('content-type'), 'application/json')
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async *events(path, signal = never) {
      const headers = { accept: 'text/event-stream' }
      const response = await fetch(service.baseUrl + path, { method: 'POST', headers, signal })
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      assert.equal(response.headers.get('cache-control'), 'no-store')
      let text = ''
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const data = text.slice(0, end).replace(/^data: /, '')
          text = text.slice(end + 2)
          yield data.startsWith('{') ? (JSON.parse(data) as Record<string, unknown>) : data
        }
      }
    },
    compiled: () =>
      (existsSync(join(cacheDir, 'compiled')) ? readdirSync(join(cacheDir, 'compiled')) : []).filter(isKey),
  }
}

const WEIGHTLESS = { 'config.json': '{}', 'tokenizer.json': '{}' }
const FLAX = { ...WEIGHTLESS, 'flax_model.msgpack': 'weights' }
const isKey = (name: string) => /^[0-9a-f]{32}$/.test(name)
export const model = ({ body }: Answer) => body as unknown as Model
export const errorOf = ({ body }: Answer) =>
  body.error as { message: string; type: string; param: string; code: string }

/** Whether a request to the hub is for the bytes of the weights. */
export const isForWeights = (hub: HubServer, { path }: { path: string }) =>
  path === `/blobs/${hub.etagOf(REPO, WEIGHTS)}`
export const weightRequests = (hub: HubServer) => hub.requests.filter((request) => isForWeights(hub, request)).length

/** The weights do not come until they are released. */
export function holdWeights(hub: HubServer): { readonly release: () => void; readonly begun: Promise<void> } {
  const released = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  hub.intercept = async (request) => {
    if (!isForWeights(hub, request)) return undefined
    begun.resolve()
    await released.promise
    return undefined
  }
  return { release: released.resolve, begun: begun.promise }
}
