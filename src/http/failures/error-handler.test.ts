import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import type { ErrorForm, FailureScope } from './error-forms.ts'
import { answerFailures, frameworkErrorHandler } from './error-handler.ts'
import { answerUnknownRoutes, formByAddress } from './unknown-routes.ts'

/** A form that names itself. */
const formOf =
  (name: string): ErrorForm =>
  (error) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string }
    return { status: statusCode, body: { [name]: message } }
  }

const scope: FailureScope = {
  paths: ['/v1', '/api'],
  form: formOf('inner'),
  meant: [
    [/\/models$/, '/v1/models'],
    [/^POST \/$/, '/v1/models'],
  ],
  baseUrl: 'The base URL ends with /v1.',
  alike: /\/chat$/,
  others: 'look there.',
}
const other: FailureScope = {
  paths: ['/inference'],
  form: formOf('other'),
  meant: [[/\/inference$/, '/inference']],
  baseUrl: 'It has none.',
}

async function answersOf(t: TestContext) {
  const scopes = [scope, other]
  const stray = formByAddress(scopes, formOf('outer'))
  const app = fastify({
    frameworkErrors: frameworkErrorHandler(stray),
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  })
  t.after(() => app.close())
  const teapot = async () => Promise.reject(Object.assign(new Error('teapot'), { statusCode: 418 }))
  answerFailures(app, stray)
  app.addHook('onRequest', async ({ headers }) => {
    if (headers.refused) throw Object.assign(new Error('refused'), { statusCode: 401 })
  })
  app.register(async (routes) => {
    routes.get('/plain', teapot)
    routes.register(async (plugin) => {
      answerFailures(plugin, scope.form)
      plugin.get('/v1/models', teapot)
      plugin.get('/v1/models/*', teapot)
    })
    answerUnknownRoutes(routes, scopes, stray)
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
  for (const path of ['/v1', '/v1/', '/v1?x=1', '/v1/nothing', '//v1//nothing', '/api/nothing?x=1', '/deep/chat']) {
    const shown = path.replace(/\?.*/, '').replaceAll('//', '/').replace(/\/$/, '')
    const sentence = `There is no GET ${shown} here: look there.`
    assert.deepEqual(await get(path), [404, { inner: sentence }, undefined], path)
  }
  for (const path of ['/inference', '/inference?x=1', '/inference/x']) {
    assert.deepEqual(await get(path), [404, { other: 'Not Found' }, undefined], path)
  }
  for (const path of ['/', '/v1x', '/nothing']) {
    assert.deepEqual(await get(path), [404, { outer: 'Not Found' }, undefined], path)
  }
  const [status, body, allow] = await get('/v1/models/a', { method: 'POST' })
  assert.deepEqual([status, body], [405, { inner: 'There is no POST /v1/models/a here: use GET.' }])
  assert.match(String(allow), /^GET\b/)
  const [, plain] = await get('/plain', { method: 'POST' })
  assert.deepEqual(plain, { outer: 'Method Not Allowed' })
})

test('an address that is nearly right is told the right one, in the form of the scope that was meant', async (t) => {
  const get = await answersOf(t)
  const models = (path: string, method = 'GET') => {
    return `There is no ${method} ${path} here: the address is /v1/models. The base URL ends with /v1.`
  }
  for (const path of ['/models', '/v1/v1/models', '/api/v1/models', '/far/away/models']) {
    assert.deepEqual(await get(path), [404, { inner: models(path) }, undefined], path)
  }
  assert.deepEqual(await get('/v1/v1/models%20'), [404, { inner: models('/v1/v1/models%20') }, undefined])
  assert.deepEqual(await get('/', { method: 'POST' }), [404, { inner: models('/', 'POST') }, undefined])
  assert.match((await get('/v1/inference'))[1].inner, /: the address is \/inference\. It has none\.$/)
  assert.match((await get('/v2/inference'))[1].other, /: the address is \/inference\./)
  const [, { inner }] = await get(`/${'x'.repeat(5000)}/models`)
  assert.ok(inner.length < 400)
})

test('slashes that are doubled, or at the end, count as none', async (t) => {
  const get = await answersOf(t)
  for (const path of ['/v1/models/', '//v1/models', '/v1//models//']) assert.equal((await get(path))[0], 418, path)
})

test('so is what is refused before that, and an address that cannot be decoded', async (t) => {
  const get = await answersOf(t)
  const headers = { refused: 'yes' }
  assert.deepEqual(await get('/v1/nothing', { headers }), [401, { inner: 'refused' }, undefined])
  assert.deepEqual(await get('/models', { headers }), [401, { inner: 'refused' }, undefined])
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
