import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { createAuthority } from '../../test/helpers/fakes/certificates.ts'
import { type ProxyServer, type ProxyServerOptions, startProxyServer } from '../../test/helpers/fakes/proxy-server.ts'
import { hubRig, REPO } from '../../test/helpers/rigs/hub-rig.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { readConfig } from '../config.ts'
import { HubCertificateError, HubProxyError, HubUnreachableError } from '../errors/index.ts'
import { resolveCheckpointFolder } from './checkpoint-folder.ts'

const HUB = 'http://hub.test'
const origin = { kind: 'hub', repo: REPO, revision: 'main' } as const

/** A hub by names that only a proxy knows: `hub.test` and `cdn.test`, in the clear. */
async function rig(t: TestContext, options: Partial<ProxyServerOptions> = {}) {
  const token = 'hf_secret'
  const hub = await hubRig(t, { networkOrigin: 'http://cdn.test', token })
  const routes = {
    'hub.test:80': Number(new URL(hub.server.endpoint).port),
    'cdn.test:80': hub.server.networkPort,
  }
  const proxy = await startProxyServer({ routes, ...options })
  t.after(() => proxy[Symbol.asyncDispose]())
  const resolve = (env: NodeJS.ProcessEnv, endpoint = HUB) => {
    const { proxies } = readConfig(env).engine.hub
    const settings = { ...hub.options.hub, token, endpoint, proxies }
    return resolveCheckpointFolder({ origin, tokenizer: undefined }, { ...hub.options, hub: settings })
  }
  return { ...hub, proxy, resolve }
}

const withCredentials = ({ address }: ProxyServer, credentials: string) => address.replace('//', `//${credentials}@`)
const targets = ({ asked }: ProxyServer) => new Set(asked.map((line) => new URL(line.split(' ')[1]!).origin))

test('a hub of plain http is asked through HTTP_PROXY, its content network too, and no tunnel is wanted', async (t) => {
  const { proxy, server, resolve } = await rig(t)
  await resolve({ HTTP_PROXY: proxy.address })
  assert.deepEqual(targets(proxy), new Set([HUB, 'http://cdn.test']))
  assert.equal(proxy.asked.length, server.requests.length)
  assert.ok(proxy.asked.every((line) => line.startsWith('GET http://')))
  assert.equal(server.requests.filter(({ host }) => host === 'content network').length, 1)
})

test("the hub's token goes through the proxy to the hub, and to nobody else", async (t) => {
  const { proxy, server, resolve } = await rig(t)
  await resolve({ HTTP_PROXY: proxy.address })
  for (const { host, headers } of server.requests) {
    assert.equal(headers.authorization, host === 'hub' ? 'Bearer hf_secret' : undefined)
    assert.equal(headers['proxy-authorization'], undefined)
  }
})

test('lower case, and an address without a scheme, are as good; lower case wins', async (t) => {
  const { proxy, resolve } = await rig(t)
  await resolve({ http_proxy: new URL(proxy.address).host, HTTP_PROXY: 'http://127.0.0.1:1' })
  assert.deepEqual(targets(proxy), new Set([HUB, 'http://cdn.test']))
})

test('user and password of the address are sent to the proxy, with what stands for signs in them', async (t) => {
  const { proxy, resolve } = await rig(t, { credentials: 'user:p@ss/1%' })
  await resolve({ HTTP_PROXY: withCredentials(proxy, 'user:p%40ss%2F1%25') })
  assert.ok(proxy.asked.length > 0)
})

test('each protocol has its own proxy: HTTPS_PROXY is not asked for plain http, nor the other way round', async (t) => {
  const { proxy, resolve, pauses } = await rig(t)
  await assert.rejects(resolve({ HTTPS_PROXY: proxy.address }), HubUnreachableError)
  await assert.rejects(resolve({ HTTP_PROXY: proxy.address }, 'https://hub.test'), HubUnreachableError)
  assert.deepEqual([proxy.asked, pauses], [[], []])
})

test('hosts of NO_PROXY are asked directly, and so is this machine without being named', async (t) => {
  const { proxy, server, resolve } = await rig(t)
  for (const NO_PROXY of ['hub.test', 'other.test, hub.test:80', '.test', '*.test', 'other.test *']) {
    // Directly there is no such host.
    await assert.rejects(resolve({ HTTP_PROXY: proxy.address, NO_PROXY }), HubUnreachableError, NO_PROXY)
  }
  await assert.rejects(resolve({ http_proxy: proxy.address, no_proxy: 'hub.test' }), HubUnreachableError)
  assert.deepEqual(proxy.asked, [])
  assert.deepEqual(server.requests, [])

  await resolve({ HTTP_PROXY: proxy.address, NO_PROXY: 'b.test,hub.test:81,test.example' })
  assert.ok(proxy.asked.length > 0)
})

test('the machine itself passes no proxy', async (t) => {
  const { server, options } = await hubRig(t)
  const proxy = await startProxyServer({ routes: {} })
  t.after(() => proxy[Symbol.asyncDispose]())
  const { proxies } = readConfig({ HTTP_PROXY: proxy.address }).engine.hub
  for (const host of ['127.0.0.1', 'localhost']) {
    const endpoint = server.endpoint.replace('127.0.0.1', host)
    await resolveCheckpointFolder(
      { origin, tokenizer: undefined },
      { ...options, hub: { ...options.hub, endpoint, proxies } },
    )
  }
  assert.deepEqual(proxy.asked, [])
})

test('each address of a redirection is judged for itself', async (t) => {
  const { proxy, server, resolve } = await rig(t)
  const redirected = resolve({ HTTP_PROXY: proxy.address, NO_PROXY: 'cdn.test' })
  await assert.rejects(
    redirected,
    (error) => error instanceof HubUnreachableError && /hub does not answer/.test(error.message),
  )
  assert.deepEqual(targets(proxy), new Set([HUB]))
  assert.ok(server.requests.every(({ host }) => host === 'hub'))
})

// ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

const SECRET = 'hunter2'

async function assertProxyError(work: Promise<unknown>, sentence: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof HubProxyError, inspect(error))
    assert.match(error.sentence, sentence)
    assert.doesNotMatch(inspect(error, { depth: null, showHidden: true }), /hunter2|dXNlcjpodW50ZXIy/) // and in base64
    return true
  })
}

for (const [endpoint, variable] of [
  ['http://hub.test', 'HTTP_PROXY'],
  ['https://hub.test', 'HTTPS_PROXY'],
] as const) {
  test(`${variable}: a proxy that wants another password is named, and nothing is repeated`, async (t) => {
    const { proxy, resolve, pauses } = await rig(t, { credentials: 'user:another' })
    const expected = new RegExp(
      `^Repository '${REPO}' could not be downloaded because the proxy of ${variable} refuses to pass requests on to the hub \\(status 407\\): check the address in ${variable}, its user and its password`,
    )
    await assertProxyError(resolve({ [variable]: withCredentials(proxy, `user:${SECRET}`) }, endpoint), expected)
    await assertProxyError(resolve({ [variable]: proxy.address }, endpoint), expected)
    assert.deepEqual([proxy.asked.length, pauses], [2, []])
  })

  test(`${variable}: a proxy that cannot be reached is named, without another attempt`, async (t) => {
    const { resolve, pauses } = await rig(t)
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo // of a TCP server
    await new Promise((done) => closed.close(done))
    for (const host of [`127.0.0.1:${port}`, 'proxy.invalid:3128']) {
      const address = `http://user:${SECRET}@${host}`
      await assertProxyError(
        resolve({ [variable]: address }, endpoint),
        new RegExp(`the proxy of ${variable} cannot be reached: check the address in ${variable}`),
      )
    }
    assert.deepEqual(pauses, [])
  })
}

test('a proxy that forbids the hub is named at once, one that fails itself after some attempts', async (t) => {
  const { proxy, resolve, pauses } = await rig(t)
  proxy.refusal = 403
  await assertProxyError(
    resolve({ HTTPS_PROXY: proxy.address }, 'https://hub.test'),
    /refuses to pass requests on to the hub \(status 403\)/,
  )
  assert.deepEqual([proxy.asked, pauses], [['CONNECT hub.test:443'], []])
  proxy.refusal = 503
  await assertProxyError(
    resolve({ HTTPS_PROXY: proxy.address }, 'https://hub.test'),
    /does not reach the hub \(status 503\)/,
  )
  assert.deepEqual([proxy.asked.length, pauses], [5, [500, 1000, 2000]])
})

test('a download that breaks off behind a proxy is asked for again', async (t) => {
  const { proxy, server, resolve, hubCache } = await rig(t)
  let cuts = 1
  server.intercept = ({ host }) => (host === 'content network' && cuts-- > 0 ? { cutAfterBytes: 100_000 } : undefined)
  const { folder } = await resolve({ HTTP_PROXY: proxy.address })
  assert.ok(folder.startsWith(hubCache))
  const ranges = server.requests.filter(({ host }) => host === 'content network').map(({ headers }) => headers.range)
  assert.equal(ranges.length, 2)
  assert.equal(ranges[0], undefined)
})

// ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────────

test('a certificate that nobody trusts is called that, through a proxy and without one', async (t) => {
  const { server, options, pauses } = await hubRig(t)
  const port = Number(new URL(server.endpoint).port)
  await using front = await createAuthority(tempFolder(t)).front(['hub.test', 'localhost'], port)
  await using proxy = await startProxyServer({ routes: { 'hub.test:443': front.port } })
  for (const [endpoint, env] of [
    ['https://hub.test', { HTTPS_PROXY: proxy.address }],
    [`https://localhost:${front.port}`, {}],
  ] as const) {
    const hub = { ...options.hub, endpoint, proxies: readConfig(env).engine.hub.proxies }
    await assert.rejects(resolveCheckpointFolder({ origin, tokenizer: undefined }, { ...options, hub }), (error) => {
      assert.ok(error instanceof HubCertificateError, inspect(error))
      assert.match(error.sentence, /is not trusted \([A-Z_]+\): set NODE_EXTRA_CA_CERTS to a PEM file/)
      return true
    })
  }
  assert.deepEqual([proxy.asked, pauses, server.requests], [['CONNECT hub.test:443'], [], []])
})

// ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

test('an address that no proxy can have stops the start, and is not repeated', () => {
  for (const variable of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    for (const address of [
      `socks5://user:${SECRET}@proxy:1080`,
      `http://user:${SECRET}%@proxy`,
      `http://${SECRET} x`,
      '/',
    ]) {
      assert.throws(
        () => readConfig({ [variable]: address }),
        (error: Error) => error.message === `Setting ${variable} has the value '…', which is not allowed.`,
        address,
      )
    }
  }
})

test('an empty variable is no proxy', () => {
  assert.equal(readConfig({ HTTPS_PROXY: '', https_proxy: '', NO_PROXY: '' }).engine.hub.proxies, undefined)
})
