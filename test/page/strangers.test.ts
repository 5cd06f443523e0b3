/** Pages of strangers in a real browser: what they ask of a service that their visitor's machine reaches. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { startService } from '../helpers/rigs/service.ts'
import { launchBrowser, noBrowser } from './rig.ts'

async function start(t: TestContext) {
  const transcriber = scriptedTranscriber()
  const asked: string[] = []
  transcriber.load = async (id) => void asked.push(`load ${id}`)
  transcriber.unload = async (id) => {
    asked.push(`unload ${id}`)
    return true
  }
  const service = await startService({ transcriber })
  t.after(() => service.close())
  const browser = await launchBrowser([
    '--host-resolver-rules=MAP *.example 127.0.0.1',
    // Newer browsers ask before a page of elsewhere reaches this machine; the service must not lean on that.
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights',
  ])
  t.after(() => browser.close())
  const page = await browser.newPage()
  /** A page of a stranger at this address; what else is asked there reaches the service. */
  const visit = async (address: string) => {
    await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: '<title>stranger</title>' }))
    await page.goto(address)
  }
  return { service, transcriber, asked, page, visit }
}

/** Sends what needs no preflight, and waits for what becomes of it: the status, or `failed` where the browser does not tell. */
async function attack(page: Page, base: string): Promise<string[]> {
  return await page.evaluate(async (base) => {
    const form = new FormData()
    form.append('model_id', 'base')
    form.append('file', new Blob(['bom dia']), 'a.wav')
    const sent = [
      fetch(`${base}/transcribe`, { method: 'POST', mode: 'no-cors', body: form }),
      fetch(`${base}/asr`, { method: 'POST', mode: 'no-cors', body: form }),
      fetch(`${base}/api/ps/base`, { method: 'POST', mode: 'no-cors' }),
      fetch(`${base}/v1/models`, { mode: 'no-cors' }),
    ]
    const answers = await Promise.allSettled(sent)
    return answers.map((answer) => (answer.status === 'fulfilled' ? String(answer.value.status) : 'failed'))
  }, base)
}

test('a page of another origin has nothing done', { skip: noBrowser, timeout: 120_000 }, async (t) => {
  const { service, transcriber, asked, page, visit } = await start(t)
  await visit('http://localhost:9/stranger')
  assert.deepEqual(await attack(page, service.baseUrl), Array(4).fill('failed'))
  for (const route of ['/transcribe', '/asr', '/api/ps/*', '/v1/models']) {
    const { status, code } = await service.logged((line) => line.route === route)
    assert.deepEqual([status, code], [403, 'ASR_FOREIGN_ORIGIN'], route)
  }
  assert.deepEqual([transcriber.requests.length, asked.length], [0, 0])
})

test('a page whose name leads to the service neither acts nor reads', {
  skip: noBrowser,
  timeout: 120_000,
}, async (t) => {
  const { service, transcriber, asked, page, visit } = await start(t)
  const base = `http://rebound.example:${service.port}`
  await visit(`${base}/stranger`)
  assert.deepEqual(await attack(page, base), Array(4).fill('403'))
  const reads = await page.evaluate(async (base) => {
    const paths = ['/metrics', '/api/ps', '/v1/models']
    const answers = await Promise.all(paths.map((path) => fetch(`${base}${path}`)))
    const gone = await fetch(`${base}/api/ps/base`, { method: 'DELETE' })
    return [...answers, gone].map(({ status }) => status)
  }, base)
  assert.deepEqual(reads, [403, 403, 403, 403])
  assert.deepEqual([transcriber.requests.length, asked.length], [0, 0])

  await page.goto(base)
  const told = await page.locator('body').innerText()
  assert.match(told, /under the name 'rebound\.example', since it has no API key: set ALLOWED_HOSTS=rebound\.example/)
})
