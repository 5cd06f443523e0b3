import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import type { ErrorForm, FailureScope } from './error-forms.ts'
import { answerFailures, answerUnknownRoutes, frameworkErrorHandler } from './error-handler.ts'

/** A form that names itself. */
const formOf =
  (name: string): ErrorForm =>
  (error) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string }
    return { status: statusCode, body: { [name]: message } }
  }

const scope: FailureScope = { paths: ['/v1', '/api'], form: formOf('inner') }
const other: FailureScope = { paths: ['/inference'], form: formOf('other') }

async function answersOf(t: TestContext) {
  const [scopes, otherwise] = [[scope, other], formOf('outer')]
  const app = fastify({
    frameworkErrors: frameworkErrorHandler(scopes, otherwise),
    routerOptions: { ignoreTrailingSlash: true },
  })
  t.after(() => app.close())
  const teapot = async () => Promise.reject(Object.assign(new Error('teapot'), { statusCode: 418 }))
  answerFailures(app, otherwise)
  app.addHook('onRequest', async ({ headers }) => {
    if (headers.refused) throw Object.assign(new Error('refused'), { statusCode: 401 })
  })
  app.register(async (routes) => {
    routes.get('/plain', teapot)
    routes.register(async (plugin) => {
      answerFailures(plugin, scope.form)
      plugin.get('/v1/models/*', teapot)
    })
    answerUnknownRoutes(routes, scopes, otherwise)
  })
  return async (url: string, { method = 'GET' as 'GET' | 'POST', headers = {} } = {}) => {
    const answer = await app.inject({ method, url, headers })
    return [answer.statusCode, answer.json(), answer.headers.allow]
  }
}

test('what a route throws has the form of its plugin', async (t) => {
  const get = await answersOf(t)
  assert.deepEqual(await get('/plain'), [418, { outer: 'teapot' }, undefined])
  assert.deepEqual(await get('/v1/models/a'), [418, { inner: 'teapot' }, undefined])
})

test('what no route has is answered in the form of the scope above it, and as a wrong method where another is there', async (t) => {
  const get = await answersOf(t)
  for (const path of ['/v1', '/v1/', '/v1?x=1', '/v1/nothing', '/api/nothing?x=1']) {
    assert.deepEqual(await get(path), [404, { inner: 'Not Found' }, undefined], path)
  }
  for (const path of ['/inference', '/inference?x=1', '/inference/x']) {
    assert.deepEqual(await get(path), [404, { other: 'Not Found' }, undefined], path)
  }
  for (const path of ['/', '/v1x', '/nothing']) {
    assert.deepEqual(await get(path), [404, { outer: 'Not Found' }, undefined], path)
  }
  const [status, body, allow] = await get('/v1/models/a', { method: 'POST' })
  assert.deepEqual([status, body], [405, { inner: 'Method Not Allowed' }])
  assert.match(String(allow), /^GET\b/)
})

test('so is what is refused before that, and an address that cannot be decoded', async (t) => {
  const get = await answersOf(t)
  const headers = { refused: 'yes' }
  assert.deepEqual(await get('/v1/nothing', { headers }), [401, { inner: 'refused' }, undefined])
  assert.deepEqual(await get('/nothing', { headers }), [401, { outer: 'refused' }, undefined])
  for (const [path, form] of [
    ['/v1/%zz', 'inner'],
    ['/inference/%zz', 'other'],
    ['/v1x/%zz', 'outer'],
  ] as const) {
    const [status, body] = await get(path)
    assert.deepEqual([status, Object.keys(body)], [400, [form]], path)
  }
})
