import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { hubConfig, tinyShape } from '../../test/helpers/builders/checkpoint-builder.ts'
import { CHECKPOINT, hubRig, REPO } from '../../test/helpers/rigs/hub-rig.ts'
import {
  CheckpointFileMissingError,
  DiskTooSmallError,
  HubNotFoundError,
  HubOfflineError,
  HubRateLimitedError,
  HubUnauthorizedError,
  HubUnreachableError,
} from '../errors/index.ts'
import { type DownloadProgress, isUpToDate, resolveCheckpointFolder } from './index.ts'

const source = { origin: { kind: 'hub', repo: REPO, revision: 'main' }, tokenizer: undefined } as const
const API = /^\/api\//

test('a repository is downloaded into the layout of the standard cache', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  const reports: DownloadProgress[] = []
  const { folder } = await resolveCheckpointFolder(source, { ...options, onProgress: (p) => reports.push(p) })

  const commit = server.commitOf(REPO)
  const repoFolder = join(hubCache, 'models--somebody--whisper-test')
  assert.equal(folder, join(repoFolder, 'snapshots', commit))
  assert.equal(await readFile(join(repoFolder, 'refs', 'main'), 'utf8'), commit)
  for (const [name, content] of Object.entries(CHECKPOINT)) {
    assert.equal(await readlink(join(folder, name)), `../../blobs/${server.etagOf(REPO, name)}`)
    assert.deepEqual(await readFile(join(folder, name)), Buffer.from(content))
  }
  assert.equal((await readdir(join(repoFolder, 'blobs'))).length, 3) // nothing unfinished beside them
  assert.deepEqual(reports.at(-1)?.doneBytes, reports.at(-1)?.totalBytes)
})

test('the second time the hub is asked for the commit alone and no file is fetched', async (t) => {
  const { server, options } = await hubRig(t)
  const first = await resolveCheckpointFolder(source, options)
  server.requests.length = 0
  assert.deepEqual(await resolveCheckpointFolder(source, options), first)
  assert.ok(server.requests.every(({ path }) => API.test(path)))
})

test('a commit that is complete in the cache needs no hub at all', async (t) => {
  const { server, options } = await hubRig(t)
  const pinned = { ...source, origin: { ...source.origin, revision: server.commitOf(REPO) } }
  const first = await resolveCheckpointFolder(pinned, options)
  server.requests.length = 0
  assert.deepEqual(await resolveCheckpointFolder(pinned, options), first)
  assert.deepEqual(server.requests, [])
})

test('a cache that Python has made is used as it is', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  const commit = server.commitOf(REPO)
  const repoFolder = join(hubCache, 'models--somebody--whisper-test')
  for (const name of ['blobs', 'refs', `snapshots/${commit}`, `.no_exist/${commit}`]) {
    await mkdir(join(repoFolder, name), { recursive: true })
  }
  await mkdir(join(hubCache, '.locks', 'models--somebody--whisper-test'), { recursive: true })
  await writeFile(join(repoFolder, '.no_exist', commit, 'adapter_config.json'), '')
  await writeFile(join(repoFolder, 'refs', 'main'), commit)
  for (const [name, content] of Object.entries(CHECKPOINT)) {
    const etag = server.etagOf(REPO, name)
    await writeFile(join(repoFolder, 'blobs', etag), content)
    await symlink(`../../blobs/${etag}`, join(repoFolder, 'snapshots', commit, name))
    await writeFile(join(hubCache, '.locks', 'models--somebody--whisper-test', `${etag}.lock`), '')
  }

  const offline = { ...options, hub: { ...options.hub, offline: true } }
  assert.deepEqual(await resolveCheckpointFolder(source, offline), {
    folder: join(repoFolder, 'snapshots', commit),
    processorFolder: undefined,
  })
  assert.deepEqual(server.requests, [])
  await resolveCheckpointFolder(source, options)
  assert.ok(server.requests.every(({ path }) => API.test(path)))

  // Python's lock files are plain files and must not stop a download of the same blob.
  await rm(join(repoFolder, 'blobs', server.etagOf(REPO, 'model.safetensors')))
  const { folder } = await resolveCheckpointFolder(source, options)
  assert.deepEqual(await readFile(join(folder, 'model.safetensors')), CHECKPOINT['model.safetensors'])
})

test('offline, a repository that is missing or incomplete in the cache is an error that says so', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  const offline = { ...options, hub: { ...options.hub, offline: true } }
  await assert.rejects(resolveCheckpointFolder(source, offline), HubOfflineError)
  await resolveCheckpointFolder(source, options)
  await rm(join(hubCache, 'models--somebody--whisper-test', 'blobs', server.etagOf(REPO, 'model.safetensors')))
  server.requests.length = 0
  await assert.rejects(resolveCheckpointFolder(source, offline), HubOfflineError)
  assert.deepEqual(server.requests, [])
})

test('a sharded snapshot in the cache counts as complete only with every shard of its index', async (t) => {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
  const weight_map = { 'model.encoder.conv1.weight': shards[0], 'model.encoder.conv2.weight': shards[1] }
  const index = JSON.stringify({ weight_map })
  const files = {
    'config.json': JSON.stringify(hubConfig(tinyShape())),
    'tokenizer.json': '{}',
    'model.safetensors.index.json': index,
    [shards[0]!]: 'one',
    [shards[1]!]: 'two',
  }
  const { server, options, hubCache } = await hubRig(t, { repositories: { [REPO]: files } })
  const offline = { ...options, hub: { ...options.hub, offline: true } }
  const { folder } = await resolveCheckpointFolder(source, options)
  assert.equal((await resolveCheckpointFolder(source, offline)).folder, folder)
  await rm(join(hubCache, 'models--somebody--whisper-test', 'blobs', server.etagOf(REPO, shards[1]!)))
  await assert.rejects(resolveCheckpointFolder(source, offline), HubOfflineError)
})

test('a hub that fails does not stop a model whose snapshot is complete in the cache', async (t) => {
  const { server, options } = await hubRig(t)
  const first = await resolveCheckpointFolder(source, options)
  for (const status of [401, 404, 429, 503]) {
    server.intercept = () => ({ status })
    assert.deepEqual(await resolveCheckpointFolder(source, options), first)
  }
})

test('an update that breaks off leaves the model on the snapshot that is complete', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  const first = await resolveCheckpointFolder(source, options)
  const newer = await hubRig(t, { repositories: { [REPO]: { ...CHECKPOINT, 'model.safetensors': 'x'.repeat(5000) } } })
  newer.server.intercept = ({ host }) => (host === 'content network' ? { status: 500 } : undefined)
  const update = { ...newer.options, hub: { ...newer.options.hub, cacheDir: hubCache } }

  assert.deepEqual(await resolveCheckpointFolder(source, update), first)
  assert.equal(
    await readFile(join(hubCache, 'models--somebody--whisper-test', 'refs', 'main'), 'utf8'),
    server.commitOf(REPO),
  )
  newer.server.intercept = () => undefined
  assert.notDeepEqual(await resolveCheckpointFolder(source, update), first)
})

test('a model is up to date when a download would bring nothing, as far as the hub tells', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  assert.equal(await isUpToDate(source, options), false)
  await resolveCheckpointFolder(source, options)
  server.requests.length = 0
  assert.equal(await isUpToDate(source, options), true)
  assert.ok(server.requests.length > 0 && server.requests.every(({ path }) => API.test(path)))

  const newer = await hubRig(t, { repositories: { [REPO]: { ...CHECKPOINT, 'model.safetensors': 'x'.repeat(5000) } } })
  const update = { ...newer.options, hub: { ...newer.options.hub, cacheDir: hubCache } }
  assert.equal(await isUpToDate(source, update), false)
  newer.server.intercept = () => ({ status: 503 })
  assert.equal(await isUpToDate(source, update), true, 'a hub that fails has nothing newer')
  newer.server.intercept = () => undefined
  newer.server.requests.length = 0
  assert.equal(await isUpToDate(source, { ...update, hub: { ...update.hub, offline: true } }), true)
  assert.deepEqual(newer.server.requests, [])

  // What whoever downloaded it has left out, such as a filter of Python's.
  const commit = server.commitOf(REPO)
  await rm(join(hubCache, 'models--somebody--whisper-test', 'snapshots', commit, 'tokenizer.json'))
  assert.equal(await isUpToDate(source, options), false)
})

test('a model is up to date only with its tokenizer, wherever that comes from', async (t) => {
  const { 'tokenizer.json': _, ...bare } = CHECKPOINT
  const largeV3 = { ...bare, 'config.json': JSON.stringify({ model_type: 'lite-whisper', vocab_size: 51866 }) }
  const own = 'somebody/tokenizer'
  const { options, hubCache } = await hubRig(t, {
    repositories: { [REPO]: largeV3, 'openai/whisper-large-v3': CHECKPOINT, [own]: CHECKPOINT },
  })
  for (const [tokenizer, repository] of [
    [undefined, 'models--openai--whisper-large-v3'],
    [own, 'models--somebody--tokenizer'],
  ] as const) {
    await resolveCheckpointFolder({ ...source, tokenizer }, options)
    assert.equal(await isUpToDate({ ...source, tokenizer }, options), true)
    await rm(join(hubCache, repository), { recursive: true })
    assert.equal(await isUpToDate({ ...source, tokenizer }, options), false)
  }
})

test('a cache about which the hub has been asked serves without another question', async (t) => {
  const { server, options } = await hubRig(t)
  const asked = { ...options, hub: { ...options.hub, isAsked: true } }
  const first = await resolveCheckpointFolder(source, asked) // what is missing comes all the same
  server.requests.length = 0
  assert.deepEqual(await resolveCheckpointFolder(source, asked), first)
  assert.deepEqual(server.requests, [])
})

test('a file that the hub lists and does not give is named', async (t) => {
  const { server, options } = await hubRig(t)
  server.intercept = ({ host }) => (host === 'content network' ? { status: 404 } : undefined)
  await assert.rejects(resolveCheckpointFolder(source, options), {
    name: 'HubNotFoundError',
    message: `The hub lists file 'model.safetensors' of repository '${REPO}', but does not have it.`,
  })
})

test('of another repository the tokenizer comes and what describes it, never its weights; the checkpoint without its own', async (t) => {
  const other = 'openai/whisper-test'
  const { options } = await hubRig(t, { repositories: { [REPO]: CHECKPOINT, [other]: CHECKPOINT } })
  const { folder, processorFolder } = await resolveCheckpointFolder({ ...source, tokenizer: other }, options)
  assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'model.safetensors'])
  assert.deepEqual((await readdir(processorFolder!)).sort(), ['config.json', 'tokenizer.json'])
})

test('a checkpoint without a tokenizer borrows that of the Whisper with its vocabulary and decoder', async (t) => {
  const { 'tokenizer.json': _, ...bare } = CHECKPOINT
  const like = (decoder_layers: number) =>
    ({
      ...bare,
      'config.json': JSON.stringify({ model_type: 'lite-whisper', vocab_size: 51866, decoder_layers }),
    }) as const
  const lenders = { 'openai/whisper-large-v3': CHECKPOINT, 'openai/whisper-large-v3-turbo': CHECKPOINT }
  for (const [layers, lender] of [
    [32, 'whisper-large-v3'],
    [4, 'whisper-large-v3-turbo'],
  ] as const) {
    const { options } = await hubRig(t, { repositories: { [REPO]: like(layers), ...lenders } })
    const { folder, processorFolder } = await resolveCheckpointFolder(source, options)
    assert.match(processorFolder!, new RegExp(`models--openai--${lender}/snapshots`))
    // One that lies in a folder of the caller's borrows in the same way.
    const local = { origin: { kind: 'folder', path: folder }, tokenizer: undefined } as const
    assert.deepEqual(await resolveCheckpointFolder(local, options), { folder, processorFolder })
  }
})

test('added tokens do not make it borrow that of a larger vocabulary', async (t) => {
  const { 'tokenizer.json': _, ...bare } = CHECKPOINT
  const lenders = { 'openai/whisper-base': CHECKPOINT, 'openai/whisper-base.en': CHECKPOINT }
  const config = { model_type: 'whisper', decoder_layers: 6, num_mel_bins: 80 }
  for (const [more, generation, lender] of [
    [{ vocab_size: 51866 }, undefined, 'whisper-base'],
    [{ vocab_size: 51872 }, undefined, 'whisper-base'],
    [{ vocab_size: 51865, decoder_start_token_id: 50257 }, undefined, 'whisper-base.en'],
    [{ vocab_size: 51865 }, { no_timestamps_token_id: 50362 }, 'whisper-base.en'],
  ] as const) {
    const files = {
      ...bare,
      'config.json': JSON.stringify({ ...config, ...more }),
      ...(generation && { 'generation_config.json': JSON.stringify(generation) }),
    }
    const { options } = await hubRig(t, { repositories: { [REPO]: files, ...lenders } })
    const { processorFolder } = await resolveCheckpointFolder(source, options)
    assert.match(processorFolder!, new RegExp(`models--openai--${lender}/snapshots`))
  }
})

test('a folder is given as it is, and a missing one is an error without its path', async (t) => {
  const { options, hubCache } = await hubRig(t)
  await mkdir(hubCache)
  await writeFile(join(hubCache, 'tokenizer.json'), '{}')
  const found = { origin: { kind: 'folder', path: hubCache }, tokenizer: undefined } as const
  assert.deepEqual(await resolveCheckpointFolder(found, options), { folder: hubCache, processorFolder: undefined })
  const missing = { origin: { kind: 'folder', path: join(hubCache, 'gone') }, tokenizer: undefined } as const
  await assert.rejects(
    resolveCheckpointFolder(missing, options),
    (error) => error instanceof CheckpointFileMissingError && !error.sentence.includes('gone'),
  )
})

test('a disk without room for the download and what is compiled from it is told before the download begins', async (t) => {
  const { server, options, hubCache } = await hubRig(t)
  const needing = (bytes: number) => ({
    ...options,
    compile: { folder: join(hubCache, 'not/yet'), bytesFor: () => bytes },
  })
  await assert.rejects(
    resolveCheckpointFolder(source, needing(1e18)),
    (error) => error instanceof DiskTooSmallError && /1000000000\.0 GB to be compiled/.test(error.message),
  )
  assert.ok(server.requests.every(({ path }) => !path.endsWith('model.safetensors')))
  const { folder } = await resolveCheckpointFolder(source, needing(1e6))
  // What is on this machine already needs no more room, whatever the disk has.
  assert.equal((await resolveCheckpointFolder(source, needing(1e18))).folder, folder)
})

test('a repository that cannot serve is refused before anything is fetched', async (t) => {
  const { server, options } = await hubRig(t, {
    repositories: { [REPO]: { 'config.json': '{}', 'tokenizer.json': '{}', 'optimizer.bin': 'leftover' } },
  })
  await assert.rejects(resolveCheckpointFolder(source, options), CheckpointFileMissingError)
  assert.ok(server.requests.every(({ path }) => API.test(path) || path.endsWith('/config.json')))
})

test('401, 403 and 404 are final at once', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  for (const [status, expected] of [
    [401, HubUnauthorizedError],
    [403, HubUnauthorizedError],
    [404, HubNotFoundError],
  ] as const) {
    server.intercept = () => ({ status, body: '{"error":"no"}', headers: { 'content-type': 'application/json' } })
    await assert.rejects(resolveCheckpointFolder(source, options), expected)
  }
  assert.equal(server.requests.length, 3)
  assert.deepEqual(pauses, [])
})

test('401 for a token that was sent is the token’s fault, and the sentence says where it stands', async (t) => {
  const { options } = await hubRig(t, { token: 'hf_the-right-one' })
  const ask = (given: object) => resolveCheckpointFolder(source, { ...options, hub: { ...options.hub, ...given } })
  const message = (expected: RegExp) => (error: unknown) => {
    assert.ok(error instanceof HubUnauthorizedError)
    assert.match(error.message, expected)
    return true
  }
  await assert.rejects(ask({}), message(/^The hub refused access to repository/))
  const wrong = { token: 'hf_the-wrong-one', tokenSource: 'HUGGING_FACE_HUB_TOKEN' }
  await assert.rejects(ask(wrong), message(/^The hub says that the token of HUGGING_FACE_HUB_TOKEN is invalid, so/))
  await assert.rejects(ask({ token: 'hf_the-wrong-one' }), message(/token of HF_TOKEN is invalid/))
})

test('401 of the content network, which is sent no token, says nothing of the token', async (t) => {
  const { server, options } = await hubRig(t)
  server.intercept = ({ host }) => (host === 'content network' ? { status: 401 } : undefined)
  const hub = { ...options.hub, token: 'hf_good', tokenSource: 'HF_TOKEN' }
  await assert.rejects(
    resolveCheckpointFolder(source, { ...options, hub }),
    (error) => error instanceof HubUnauthorizedError && /^The hub refused access/.test(error.message),
  )
})

test('a revision that could lead out of the cache is not found, without asking', async (t) => {
  const { server, options } = await hubRig(t)
  for (const revision of ['../../../etc', 'a/../b', '/etc', '']) {
    const origin = { ...source.origin, revision }
    await assert.rejects(resolveCheckpointFolder({ ...source, origin }, options), HubNotFoundError)
  }
  assert.deepEqual(server.requests, [])
})

test('429 is waited out as long as the hub asks', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  let limited = 2
  server.intercept = ({ path }) => {
    if (!path.includes('/tree/') || limited === 0) return undefined
    return { status: 429, headers: limited-- === 2 ? { 'retry-after': '7' } : { ratelimit: '"api";r=0;t=3' } }
  }
  await resolveCheckpointFolder(source, options)
  assert.deepEqual(pauses, [7000, 3000])
})

test('429 without end, or with a pause that is too long, is an error', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  server.intercept = () => ({ status: 429 })
  await assert.rejects(resolveCheckpointFolder(source, options), HubRateLimitedError)
  assert.deepEqual(pauses.splice(0), [500, 1000, 2000])
  server.intercept = () => ({ status: 429, headers: { 'retry-after': '3600' } })
  await assert.rejects(resolveCheckpointFolder(source, options), HubRateLimitedError)
  assert.deepEqual(pauses, [])
})

test('a server error is tried again, and one without end is a hub that does not answer', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  let failures = 2
  server.intercept = ({ host }) => (host === 'content network' && failures-- > 0 ? { status: 503 } : undefined)
  await resolveCheckpointFolder(source, options)
  assert.deepEqual(pauses.splice(0), [500, 1000])

  const { server: broken, options: brokenOptions } = await hubRig(t)
  broken.intercept = () => ({ status: 502, body: '<html>' })
  await assert.rejects(resolveCheckpointFolder(source, brokenOptions), HubUnreachableError)
})

test('an unknown host, a closed port and a page that is no hub fail at once, without another attempt', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  const closed = await hubRig(t)
  await closed.server[Symbol.asyncDispose]()
  for (const endpoint of ['http://hub.invalid', closed.server.endpoint]) {
    const away = { ...options, hub: { ...options.hub, endpoint } }
    await assert.rejects(resolveCheckpointFolder(source, away), HubUnreachableError)
  }
  server.intercept = () => ({ status: 200, body: '<html>Please sign in to the network of this hotel</html>' })
  await assert.rejects(resolveCheckpointFolder(source, options), HubUnreachableError)
  assert.deepEqual(pauses, [])
})

test('the hub may lie below a path, and its token goes nowhere else and into no error', async (t) => {
  const token = 'hf_very-secret'
  const { server, options } = await hubRig(t, { prefix: '/mirrors/hub', token })
  const withToken = (token: string) => ({ ...options, hub: { ...options.hub, token } })
  await resolveCheckpointFolder(source, withToken(token))

  const network = server.requests.filter(({ host }) => host === 'content network')
  const hub = server.requests.filter(({ host }) => host === 'hub')
  assert.equal(network.length, 1)
  assert.deepEqual(new Set(network.map(({ headers }) => headers.authorization)), new Set([undefined]))
  assert.deepEqual(new Set(hub.map(({ headers }) => headers.authorization)), new Set([`Bearer ${token}`]))

  const refused = withToken('hf_wrong-secret')
  const missing = { ...source, origin: { ...source.origin, repo: 'somebody/else' } }
  await assert.rejects(resolveCheckpointFolder(missing, refused), (error) => {
    assert.ok(error instanceof HubUnauthorizedError)
    assert.doesNotMatch(inspect(error, { depth: null, showHidden: true }), /secret/)
    return true
  })
})
