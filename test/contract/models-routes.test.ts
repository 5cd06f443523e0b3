/** `/v1/models` and `/api/ps` with a real pool of engines and a hub on this machine. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { ModelRegistry } from '../../src/models/registry.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/checkpoint-builder.ts'
import { type HubServer, startHubServer } from '../helpers/hub-server.ts'
import { isRunning } from '../helpers/process-tree.ts'
import { openSocket, readAnswer } from '../helpers/raw-http.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { tempFolder } from '../helpers/temp-folder.ts'
import { never, until } from '../helpers/tiny-engines.ts'

const REPO = 'somebody/tiny'
const WEIGHTS = 'model.safetensors'

interface Model {
  readonly id: string
  readonly state: string
  readonly created: number
  readonly [key: string]: unknown
}
interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}
interface Rig {
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

/** Models: `hosted` (in the hub, called whisper-1 too), `mine` (a folder), and whatever somebody has in the hub. */
async function rig(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<Rig> {
  const folder = tempFolder(t)
  const mine = join(folder, 'mine')
  writeRandomCheckpoint(mine, tinyShape())
  writeRandomCheckpoint(join(folder, 'tiny'), tinyShape(), { seed: 1 })
  const hub = await startHubServer({ repositories: { [REPO]: join(folder, 'tiny'), 'somebody/pickled': PICKLED } })
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
    settings: config.engine,
    logger: silentLogger,
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

const PICKLED = { 'config.json': '{"model_type":"whisper"}', 'pytorch_model.bin': 'code' }
const isKey = (name: string) => /^[0-9a-f]{32}$/.test(name)
const model = ({ body }: Answer) => body as unknown as Model
const errorOf = ({ body }: Answer) => body.error as { message: string; type: string; param: string; code: string }

/** Whether a request to the hub is for the bytes of the weights. */
const isForWeights = (hub: HubServer, { path }: { path: string }) => path === `/blobs/${hub.etagOf(REPO, WEIGHTS)}`
const weightRequests = (hub: HubServer) => hub.requests.filter((request) => isForWeights(hub, request)).length

/** The weights do not come until they are released. */
function holdWeights(hub: HubServer): { readonly release: () => void; readonly begun: Promise<void> } {
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

test('the list has the models of the registry, and what is allowed and on this machine', async (t) => {
  const { ask } = await rig(t)
  const before = await ask('GET', '/v1/models')
  assert.equal(before.status, 200)
  assert.equal(before.body.object, 'list')
  const ids = (answer: Answer) => (answer.body.data as Model[]).map(({ id, state }) => `${id}: ${state}`)
  const builtIn = ['freds0', 'lite_asr', 'base'].map((id) => `${id}: not downloaded`)
  assert.deepEqual(ids(before), [...builtIn, 'hosted: not downloaded', 'mine: cached'])
  assert.deepEqual((before.body.data as Model[])[3], {
    id: 'hosted',
    object: 'model',
    created: Date.UTC(2026, 0, 1) / 1000,
    owned_by: 'somebody',
    task: 'automatic-speech-recognition',
    language: ['pt'],
    aliases: ['whisper-1'],
    state: 'not downloaded',
  })

  const seconds = Math.floor(Date.now() / 1000)
  assert.equal((await ask('POST', '/v1/models/hosted')).status, 200)
  const after = await ask('GET', '/v1/models')
  assert.deepEqual(ids(after), [...builtIn, 'hosted: cached', 'mine: cached', `${REPO}: cached`])
  const created = (after.body.data as Model[])[3]!.created
  assert.ok(Number.isInteger(created) && created >= seconds - 1, 'it has come just now')
  const [mine] = (after.body.data as Model[]).filter(({ id }) => id === 'mine')
  assert.equal(mine!.owned_by, 'paradox')
  assert.equal(mine!.language, null)
})

test('what is in the cache and no Whisper is not listed', async (t) => {
  const { ask, hubCache } = await rig(t)
  const commit = '0'.repeat(40)
  const repository = join(hubCache, 'models--somebody--bert')
  mkdirSync(join(repository, 'refs'), { recursive: true })
  mkdirSync(join(repository, 'snapshots', commit), { recursive: true })
  writeFileSync(join(repository, 'refs', 'main'), commit)
  writeFileSync(join(repository, 'snapshots', commit, 'config.json'), '{"model_type":"bert"}')
  writeFileSync(join(repository, 'snapshots', commit, WEIGHTS), Buffer.alloc(100))
  const { body } = await ask('GET', '/v1/models')
  assert.equal(
    (body.data as Model[]).some(({ id }) => id.includes('bert')),
    false,
  )
})

test('a model is found by its id, an alias, and a repository with slashes, encoded or not', async (t) => {
  const { ask } = await rig(t)
  const commit = 'a'.repeat(40)
  for (const [path, id] of [
    ['hosted', 'hosted'],
    ['hosted/', 'hosted'],
    ['whisper-1', 'whisper-1'],
    [REPO, REPO],
    [encodeURIComponent(REPO), REPO],
    [`${REPO}@v1.0`, `${REPO}@v1.0`],
    [encodeURIComponent(`${REPO}@refs/pr/1`), `${REPO}@refs/pr/1`],
    [`${REPO}@${commit}?x=1`, `${REPO}@${commit}`],
  ] as const) {
    const answer = await ask('GET', `/v1/models/${path}`)
    assert.equal(answer.status, 200, path)
    assert.equal(answer.body.id, id)
    assert.equal(answer.body.object, 'model')
  }
  assert.deepEqual((await ask('GET', '/v1/models/whisper-1')).body.aliases, ['whisper-1'])
})

test('an unknown model is answered as OpenAI does, whatever is asked of it', async (t) => {
  const { ask } = await rig(t)
  for (const [method, path] of [
    ['GET', '/v1/models/nobody'],
    ['POST', '/v1/models/nobody%2Fnothing'],
    ['DELETE', '/v1/models/nobody/nothing@main'],
    ['POST', '/api/ps/nobody'],
    ['DELETE', '/api/ps/nobody/nothing'],
  ] as const) {
    const answer = await ask(method, path)
    assert.equal(answer.status, 404, `${method} ${path}`)
    const { message, ...rest } = errorOf(answer)
    assert.match(message, /^Model 'nobody.*' is not known: choose one of: freds0, /)
    assert.deepEqual(rest, { type: 'invalid_request_error', param: 'model', code: 'model_not_found' })
  }
  const wrongMethod = await fetch(`${(await rig(t)).service.baseUrl}/v1/models/base`, { method: 'PUT' })
  assert.equal(wrongMethod.status, 405)
  assert.equal(wrongMethod.headers.get('allow'), 'GET, HEAD, POST, DELETE')
})

test('a download tells its progress by events, and ends with the model', async (t) => {
  const { events, ask } = await rig(t)
  const told = await Array.fromAsync(events('/v1/models/hosted'))
  assert.equal(told.at(-1), '[DONE]')
  const done = told.at(-2) as { type: string; model: Model }
  assert.equal(done.type, 'model.download.done')
  assert.deepEqual(done.model, (await ask('GET', '/v1/models/hosted')).body)
  assert.equal(done.model.state, 'cached')

  const progress = told.slice(0, -2) as Record<string, unknown>[]
  assert.ok(progress.length > 3)
  for (const event of progress) {
    assert.deepEqual(Object.keys(event), ['type', 'file', 'done_bytes', 'total_bytes'])
    assert.equal(event.type, 'model.download.progress')
  }
  const last = progress.at(-1)!
  assert.equal(last.file, WEIGHTS)
  assert.equal(last.done_bytes, last.total_bytes)
})

test('a download that fails is answered with why, by its status or in the stream', async (t) => {
  const { ask, events, service } = await rig(t)
  const missing = await ask('POST', '/v1/models/somebody/nothing')
  assert.equal(missing.status, 404)
  assert.equal(errorOf(missing).code, 'hub_not_found')

  const pickled = await ask('POST', '/v1/models/somebody/pickled')
  assert.equal(pickled.status, 400)
  assert.equal(errorOf(pickled).code, 'checkpoint_file_missing')

  const told = await Array.fromAsync(events('/v1/models/somebody/nothing'))
  assert.deepEqual(told, [missing.body, '[DONE]'])
  assert.equal(
    (await service.logged(({ route, status }) => route === '/v1/models/*' && status === 200)).code,
    'ASR_HUB_NOT_FOUND',
  )
})

test('two who download the same model share one download, and who comes later learns how far it is', async (t) => {
  const { events, hub, ask } = await rig(t)
  const held = holdWeights(hub)
  const first = events('/v1/models/hosted')
  await first.next()
  await held.begun
  const second = events('/v1/models/hosted')
  const { value } = await second.next()
  assert.equal((value as Record<string, unknown>).type, 'model.download.progress')
  const third = ask('POST', '/v1/models/whisper-1')
  held.release()
  for (const told of await Promise.all([Array.fromAsync(first), Array.fromAsync(second)])) {
    assert.equal(told.at(-1), '[DONE]')
    assert.equal((told.at(-2) as Record<string, unknown>).type, 'model.download.done')
  }
  assert.equal((await third).status, 200)
  assert.equal(weightRequests(hub), 1)
})

test('a client that goes away ends its download, unless somebody else waits for it', async (t) => {
  const { events, hub, ask, service } = await rig(t)
  let isStalled = true
  hub.intercept = (request) => (isStalled && isForWeights(hub, request) ? { stallAfterBytes: 1000 } : undefined)
  const leaving = new AbortController()
  const left = events('/v1/models/hosted', leaving.signal)
  await left.next()
  await until(() => weightRequests(hub) === 1)
  for (const id of ['hosted', REPO, `${REPO}@v1`]) {
    assert.equal((await ask('DELETE', `/v1/models/${id}`)).status, 409, 'what is being downloaded is not deleted')
  }
  leaving.abort()
  await service.logged(({ route, status }) => route === '/v1/models/*' && status === 499)
  await assert.rejects(Array.fromAsync(left), { name: 'AbortError' })

  // Nobody waits for it, so the next begins a download of its own, where the first has ended.
  isStalled = false
  assert.equal(model(await ask('POST', '/v1/models/hosted')).state, 'cached')
  assert.equal(weightRequests(hub), 2)
  await ask('DELETE', '/v1/models/hosted')

  const held = holdWeights(hub)
  const leavingToo = new AbortController()
  const leftToo = events('/v1/models/hosted', leavingToo.signal)
  await leftToo.next()
  const staying = ask('POST', '/v1/models/hosted')
  await held.begun
  leavingToo.abort()
  await assert.rejects(Array.fromAsync(leftToo), { name: 'AbortError' })
  held.release()
  assert.equal((await staying).status, 200)
})

test('a service that shuts down says so in the stream of a download', async (t) => {
  const { events, hub, service } = await rig(t, { SHUTDOWN_TIMEOUT_SECONDS: '0' })
  hub.intercept = (request) => (isForWeights(hub, request) ? { stallAfterBytes: 1000 } : undefined)
  const download = events('/v1/models/hosted')
  await download.next()
  await until(() => weightRequests(hub) === 1)
  const closed = service.close()
  const told = await Array.fromAsync(download)
  await closed
  assert.equal(told.at(-1), '[DONE]')
  assert.equal((told.at(-2) as { error: { code: string } }).error.code, 'service_closing')
})

test('deleting a model removes its files and what was compiled from them, and unloads it first', async (t) => {
  const { ask, pool, hubCache, compiled } = await rig(t)
  assert.deepEqual(await ask('DELETE', '/v1/models/hosted'), {
    status: 404,
    body: {
      error: {
        message: "Model 'hosted' is not on this machine: look at 'GET /v1/models', which lists those that are.",
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_absent',
      },
    },
  })
  await pool.load('hosted', never)
  await pool.load('mine', never)
  const pid = pool.engines().find(({ modelId }) => modelId === 'hosted')!.pid!
  assert.equal(compiled().length, 2)

  const deleted = await ask('DELETE', '/v1/models/whisper-1')
  assert.deepEqual(deleted, { status: 200, body: { id: 'whisper-1', object: 'model', deleted: true } })
  assert.ok(!isRunning(pid))
  assert.deepEqual(
    readdirSync(hubCache).filter((name) => name.startsWith('models--')),
    [],
  )
  assert.equal(compiled().length, 1, 'that of the other model')
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'not downloaded')
  assert.equal(model(await ask('GET', '/v1/models/mine')).state, 'loaded')
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 404)
})

test('what a broken-off download has left is deleted too', async (t) => {
  const { ask, hub, hubCache } = await rig(t)
  hub.intercept = ({ host }) => (host === 'content network' ? { status: 403 } : undefined)
  assert.equal((await ask('POST', '/v1/models/hosted')).status, 503)
  assert.ok(existsSync(join(hubCache, 'models--somebody--tiny')))
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 200)
  assert.ok(!existsSync(join(hubCache, 'models--somebody--tiny')))
})

test('a model that is in use is not deleted, under no id; a folder of the operator never', async (t) => {
  const { ask, pool, folder } = await rig(t)
  const long = join(folder, 'long.wav')
  const tone = ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=300:sample_rate=16000', '-t', '1200', long]
  execFileSync('ffmpeg', tone)
  const stop = new AbortController()
  const options = { vad_filter: false }
  await pool.load('hosted', never)
  const running = pool.transcribe({ modelId: 'hosted', audioPath: long, options, signal: stop.signal })
  const stopped = assert.rejects(running, { name: 'AbortError' })
  await until(() => pool.engines()[0]!.nRequests > 0)
  for (const path of ['/v1/models/hosted', `/v1/models/${REPO}`, '/api/ps/hosted']) {
    const busy = await ask('DELETE', path)
    assert.equal(busy.status, 409, path)
    assert.equal(errorOf(busy).code, 'model_busy')
  }
  stop.abort()
  await stopped
  await until(() => pool.engines()[0]!.nRequests === 0)
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 200)

  const own = await ask('DELETE', '/v1/models/mine')
  assert.equal(own.status, 400)
  assert.match(errorOf(own).message, /the files of this one are yours to delete/)
  assert.ok(existsSync(join(folder, 'mine', 'config.json')))
})

test('no id leads out of the caches', async (t) => {
  const { ask, service, folder, hubCache } = await rig(t, { ALLOWED_MODELS: '*' })
  await ask('POST', '/v1/models/hosted')
  const commit = readFileSync(join(hubCache, 'models--somebody--tiny', 'refs', 'main'), 'utf8')
  // What a name of a revision would reach if it were taken as a path.
  const victim = join(folder, 'victim')
  writeFileSync(victim, commit)
  for (const id of [
    '..%2F..%2Fvictim',
    '%2e%2e/%2e%2e/victim',
    'somebody/..',
    `${REPO}@..%2F..%2F..%2Fvictim`,
    `${REPO}@a%2F..%2F..%2F..%2F..%2Fvictim`,
    `${REPO}@a/%2e%2e/%2e%2e/%2e%2e/%2e%2e/victim`,
    'somebody%00/tiny',
    `${REPO}%00`,
  ]) {
    for (const method of ['GET', 'DELETE']) {
      // By hand, since fetch resolves what looks like a path.
      const socket = await openSocket(service.port)
      socket.write(`${method} /v1/models/${id} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      const { status, body } = await readAnswer(socket)
      socket.destroy()
      if (status === 200) assert.equal(JSON.parse(body).state, 'not downloaded', id)
      else assert.equal(status, 404, `${method} ${id}: ${body}`)
    }
  }
  assert.ok(existsSync(victim))
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'cached')
})

test('a model is loaded and unloaded on demand, whatever body or type the request has', async (t) => {
  const { ask, pool } = await rig(t)
  assert.deepEqual(await ask('GET', '/api/ps'), { status: 200, body: { models: [] } })

  const loaded = await ask('POST', '/api/ps/whisper-1', { headers: { 'content-type': 'application/json' } })
  assert.equal(loaded.status, 201)
  const { body } = await ask('GET', '/api/ps')
  const [engine, ...others] = body.models as Record<string, unknown>[]
  assert.deepEqual(others, [])
  assert.deepEqual(Object.keys(engine!), [
    'id',
    'state',
    'resident_bytes',
    'device',
    'device_bytes',
    'requests',
    'loaded_at',
    'last_used_at',
    'load_seconds',
    'expires_at',
  ])
  assert.equal(engine!.id, 'hosted')
  assert.equal(engine!.state, 'loaded')
  assert.equal(engine!.requests, 0)
  assert.ok((engine!.resident_bytes as number) > 1e6)
  assert.ok((engine!.load_seconds as number) > 0)
  assert.equal(engine!.loaded_at, new Date(pool.engines()[0]!.loadedAt!).toISOString())
  assert.equal(engine!.expires_at, null)
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'loaded')
  assert.deepEqual(await ask('GET', '/health'), { status: 200, body: { status: 'ok', active_model: 'hosted' } })
  const details = await ask('GET', '/health/details')
  assert.deepEqual(
    [details.body.status, details.body.active_model, (details.body.models as { id: string }[]).map(({ id }) => id)],
    ['ok', 'hosted', ['hosted']],
  )
  assert.ok((details.body.models as { resident_bytes: number }[])[0]!.resident_bytes > 1e6)

  for (const init of [
    {},
    { body: '' },
    { body: '{"keep_alive":5}' },
    { body: 'x', headers: { 'content-type': 'text/plain' } },
    { headers: { 'content-type': 'none of these' } },
  ]) {
    assert.equal((await ask('POST', '/api/ps/hosted', init)).status, 200, JSON.stringify(init))
  }

  assert.deepEqual(await ask('DELETE', '/api/ps/whisper-1'), { status: 200, body: { id: 'hosted', unloaded: true } })
  assert.deepEqual(pool.engines(), [])
  const again = await ask('DELETE', '/api/ps/hosted')
  assert.equal(again.status, 404)
  assert.match(errorOf(again).message, /^Model 'hosted' is not loaded: /)
})

test('a load that fails is a 503 with the reason, and a client that leaves does not stop a load', async (t) => {
  const { ask, pool, service } = await rig(t)
  const failed = await ask('POST', '/api/ps/somebody/nothing')
  assert.equal(failed.status, 503)
  assert.match(errorOf(failed).message, /^Model 'somebody\/nothing' could not be loaded \(The hub has no/)

  const socket = await openSocket(service.port)
  socket.write('POST /api/ps/mine HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n')
  await until(() => pool.engines().length > 0)
  socket.destroy()
  await once(socket, 'close')
  await until(() => pool.engines()[0]?.state === 'loaded')
})
