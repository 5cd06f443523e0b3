/** `DELETE /v1/models/{id}`: what goes, and what stays. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRunning } from '../helpers/judges/process-tree.ts'
import { errorOf, model, modelsRig, REPO, WEIGHTS } from '../helpers/rigs/models-rig.ts'
import { openSocket, readAnswer } from '../helpers/rigs/raw-http.ts'
import { never } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

test('deleting a model removes its files and what was compiled from them, and unloads it first', async (t) => {
  const { ask, pool, hubCache, compiled } = await modelsRig(t)
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
  const { ask, hub, hubCache } = await modelsRig(t)
  hub.intercept = ({ host }) => (host === 'content network' ? { status: 403 } : undefined)
  assert.equal((await ask('POST', '/v1/models/hosted')).status, 503)
  assert.ok(existsSync(join(hubCache, 'models--somebody--tiny')))
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 200)
  assert.ok(!existsSync(join(hubCache, 'models--somebody--tiny')))
})

test('a model that is in use is not deleted, under no id; a folder of the operator never', async (t) => {
  const { ask, pool, folder } = await modelsRig(t)
  const long = join(folder, 'long.wav')
  const tone = ['-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=300:sample_rate=16000', '-t', '1200', long]
  execFileSync('ffmpeg', tone)
  const stop = new AbortController()
  const options = { vadFilter: false }
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
  const { ask, service, folder, hubCache } = await modelsRig(t, { ALLOWED_MODELS: '*' })
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

test('what another program has brought into the cache stays, whatever it is', async (t) => {
  const { ask, pool, hubCache, folder } = await modelsRig(t, { ALLOWED_MODELS: '*' })
  const commit = 'a'.repeat(40)
  const bring = (name: string, fill: (snapshot: string) => void) => {
    const repository = join(hubCache, name)
    const snapshot = join(repository, 'snapshots', commit)
    mkdirSync(snapshot, { recursive: true })
    mkdirSync(join(repository, 'refs'), { recursive: true })
    writeFileSync(join(repository, 'refs', 'main'), commit)
    fill(snapshot)
    return snapshot
  }
  const llm = bring('models--victim--llm', (snapshot) => {
    writeFileSync(join(snapshot, 'config.json'), '{"model_type":"llama"}')
    writeFileSync(join(snapshot, WEIGHTS), 'x')
  })
  const whisper = bring('models--victim--whisper', (snapshot) => {
    cpSync(join(folder, 'tiny'), snapshot, { recursive: true })
  })
  const found = (await ask('GET', '/v1/models')).body.data as { id: string }[]
  assert.deepEqual(
    found.map(({ id }) => id).filter((id) => id.startsWith('victim')),
    ['victim/whisper'],
  )
  await pool.load('victim/whisper', never)
  for (const id of ['victim/llm', 'victim/whisper', `victim/whisper@${commit}`]) {
    const refused = await ask('DELETE', `/v1/models/${id}`)
    assert.deepEqual([refused.status, errorOf(refused).code], [409, 'model_foreign'], id)
    assert.match(errorOf(refused).message, /were brought to this machine by another program: have the operator delete/)
  }
  for (const snapshot of [llm, whisper]) assert.ok(existsSync(join(snapshot, WEIGHTS)))
  assert.ok(
    pool.engines().some(({ modelId }) => modelId === 'victim/whisper'),
    'it is not even unloaded',
  )
})
