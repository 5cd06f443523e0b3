/** `GET /v1/models`: what there is, with a real pool of engines and a hub on this machine. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, errorOf, type Model, modelsRig, REPO, WEIGHTS } from '../helpers/rigs/models-rig.ts'

test('the list has the models of the registry, and what is allowed and on this machine', async (t) => {
  const { ask } = await modelsRig(t)
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
  const { ask, hubCache } = await modelsRig(t)
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
  const { ask } = await modelsRig(t)
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
  const { ask } = await modelsRig(t)
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
  const wrongMethod = await fetch(`${(await modelsRig(t)).service.baseUrl}/v1/models/base`, { method: 'PUT' })
  assert.equal(wrongMethod.status, 405)
  assert.equal(wrongMethod.headers.get('allow'), 'GET, HEAD, POST, DELETE')
})
