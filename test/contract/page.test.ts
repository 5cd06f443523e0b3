/** `/` and `/assets/*`, with a built page and without one; test/page has the page itself in a browser. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import fastify from 'fastify'
import { readConfig } from '../../src/config.ts'
import { pageRoutes } from '../../src/http/page.ts'
import { secure } from '../../src/http/security/secure.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const SCRIPT = 'console.log("boa tarde")\n'.repeat(100)

/** A built page of two files, or none, in a service that asks for a key. */
function service(t: TestContext, { isBuilt }: { isBuilt: boolean }) {
  const folder = join(tempFolder(t), 'web')
  if (isBuilt) {
    mkdirSync(join(folder, 'assets'), { recursive: true })
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
    writeFileSync(join(folder, '.stamp'), 'of the build')
    writeFileSync(join(folder, 'assets/main-AbC_1-x.js'), SCRIPT)
    writeFileSync(join(folder, 'assets/main-AbC_1-x.js.br'), brotliCompressSync(SCRIPT))
    writeFileSync(join(folder, 'assets/main-AbC_1-x.js.gz'), gzipSync(SCRIPT))
  }
  const app = fastify()
  t.after(() => app.close())
  secure(app, { ...readConfig({ RATE_LIMIT: '2' }).security, apiKeyDigests: [Buffer.alloc(32)] })
  app.register((routes) => pageRoutes(routes, { folder }))
  return app
}

test('everybody gets the page, and asks each time whether there is a newer one', async (t) => {
  const app = service(t, { isBuilt: true })
  for (let i = 0; i < 5; i++) {
    const answer = await app.inject('/')
    assert.equal(answer.statusCode, 200)
    assert.match(answer.body, /<title>page/)
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(answer.headers['cache-control'], 'no-cache')
  }
  const { headers } = await app.inject('/')
  const again = await app.inject({ url: '/', headers: { 'if-none-match': String(headers.etag) } })
  assert.equal(again.statusCode, 304)
})

test('the policy of the page lets it load from this service alone, and nothing inline but one known style', async (t) => {
  const app = service(t, { isBuilt: true })
  const policy = String((await app.inject('/')).headers['content-security-policy'])
  const directives = new Map(policy.split('; ').map((directive) => [directive.split(' ', 1)[0], directive]))
  assert.equal(directives.get('default-src'), "default-src 'none'")
  assert.equal(directives.get('script-src'), "script-src 'self'")
  assert.equal(directives.get('connect-src'), "connect-src 'self'")
  assert.equal(directives.get('frame-ancestors'), "frame-ancestors 'none'")
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/)
})

test('files with a hash in their name are kept for good, in the form that the browser reads', async (t) => {
  const app = service(t, { isBuilt: true })
  for (const encoding of ['br', 'gzip']) {
    const answer = await app.inject({ url: '/assets/main-AbC_1-x.js', headers: { 'accept-encoding': encoding } })
    assert.equal(answer.headers['content-encoding'], encoding)
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(answer.headers['content-type'], 'application/javascript; charset=utf-8')
    assert.equal(answer.headers.vary, 'accept-encoding')
    assert.ok(answer.rawPayload.length < SCRIPT.length / 2)
  }
  const plain = await app.inject('/assets/main-AbC_1-x.js')
  assert.equal(plain.body, SCRIPT)
  assert.equal((await app.inject({ method: 'HEAD', url: '/assets/main-AbC_1-x.js' })).statusCode, 200)
})

test('nothing else of the folder, or of the machine, has an address', async (t) => {
  const app = service(t, { isBuilt: true })
  const paths = [
    '/assets/main-AbC_1-x.js.br',
    '/assets/',
    '/assets/nothing-1.js',
    '/assets/..%2f.stamp',
    '/assets/..%2f..%2fpackage.json',
    '/assets/a%00.js',
  ]
  for (const path of paths) assert.equal((await app.inject(path)).statusCode, 404, path)
  for (const path of ['/index.html', '/.stamp', '/assets', '/assets/%2e%2e/index.html'])
    assert.ok([401, 404].includes((await app.inject(path)).statusCode), path)
})

test('where the page has not been built, its address says how to build it', async (t) => {
  const answer = await service(t, { isBuilt: false }).inject('/')
  assert.equal(answer.statusCode, 404)
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  assert.match(answer.body, /make setup/)
})
