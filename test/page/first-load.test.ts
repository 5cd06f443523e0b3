/** What a first visit costs and asks for, and how the page looks in every language and light. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  choose,
  closePage,
  done,
  noPage,
  type PageRig,
  picture,
  RECORDINGS,
  SENTENCE,
  SENTENCE_FILE,
  segments,
  startPageRig,
} from './rig.ts'

const MAX_FIRST_LOAD_BYTES = 300_000

describe('the page itself', { skip: noPage, concurrency: 1 }, () => {
  let rig: PageRig
  before(async () => {
    rig = await startPageRig()
  })
  after(() => rig?.[Symbol.asyncDispose]())

  test('the first load transfers at most 300 kB, compressed, from this service alone', async (t) => {
    const page = await rig.open({ path: '/health' })
    const network = await page.context().newCDPSession(page)
    await network.send('Network.enable')
    let bytes = 0
    network.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength
    })
    const startedAt = performance.now()
    await page.goto(rig.service.baseUrl)
    await page.getByRole('button', { name: 'Choose files' }).waitFor()
    t.diagnostic(`interactive after ${Math.round(performance.now() - startedAt)} ms`)
    await page.waitForLoadState('networkidle')
    t.diagnostic(`first load: ${(bytes / 1000).toFixed(1)} kB`)
    assert.ok(bytes > 10_000 && bytes <= MAX_FIRST_LOAD_BYTES, `${bytes} bytes`)
    await closePage(page)
  })

  test('what is asked for again is only what has a new name', async () => {
    const home = await fetch(rig.service.baseUrl)
    assert.equal(home.headers.get('cache-control'), 'no-cache')
    const policy = home.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self';/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await home.text()) ?? []
    for (const encoding of ['br', 'gzip', 'identity']) {
      const asset = await fetch(`${rig.service.baseUrl}/${script}`, { headers: { 'accept-encoding': encoding } })
      assert.equal(asset.status, 200)
      assert.match(asset.headers.get('cache-control') ?? '', /max-age=31536000, immutable/)
      assert.equal(asset.headers.get('content-encoding'), encoding === 'identity' ? null : encoding)
      assert.equal(asset.headers.get('vary'), 'accept-encoding')
      await asset.arrayBuffer()
    }
    for (const path of [`${script}.br`, 'assets/', 'assets/..%2findex.html', 'assets/nothing.js', 'index.html']) {
      assert.equal((await fetch(`${rig.service.baseUrl}/${path}`)).status, 404, path)
    }
  })

  test('the page speaks the browser’s language, or the one that is chosen, and tells it to screen readers', async () => {
    for (const [language, title, lang] of [
      ['pt-PT', 'Nova transcrição', 'pt-BR'],
      ['en-US', 'New transcript', 'en'],
      ['ja', 'New transcript', 'en'],
    ] as const) {
      const page = await rig.open({ locale: language })
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
      assert.equal(await page.evaluate(() => document.documentElement.lang), lang)
      await closePage(page)
    }
    const page = await rig.open()
    await page.getByRole('button', { name: 'Português' }).click()
    await page.getByRole('heading', { name: 'Nova transcrição', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Nova transcrição', level: 1 }).waitFor()
    await closePage(page)
  })

  test('dark is as legible as light, by the system’s choice or the reader’s', async (t) => {
    const page = await rig.open({ colorScheme: 'dark', locale: 'pt-BR' })
    await page.getByRole('heading', { name: 'Nova transcrição', level: 1 }).waitFor()
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const dark = await background()
    await picture(t, page, 'dark-start')
    await choose(page, RECORDINGS.minute)
    await done(page)
    await segments(page).nth(2).locator('.word').first().click()
    await page.waitForFunction(() => document.querySelector('.word.spoken') !== null)
    await page.getByRole('button', { name: 'Pausar' }).click()
    await picture(t, page, 'dark-transcript')
    await page.getByRole('button', { name: 'Aparência: Como o sistema' }).click()
    assert.notEqual(await background(), dark)
    await page.getByRole('button', { name: 'Aparência: Clara' }).click()
    assert.equal(await background(), dark)
    await page.reload()
    await page.getByRole('button', { name: 'Aparência: Escura' }).waitFor()
    await closePage(page)
  })

  test('at 360 pixels, by touch, a recording is sent, read and corrected', async () => {
    const page = await rig.open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    await choose(page, SENTENCE)
    await done(page)
    await page
      .getByRole('button', { name: /^Edit the text at/ })
      .first()
      .tap()
    await page.getByRole('textbox', { name: /^Text at/ }).fill('By touch.')
    await page.getByRole('button', { name: 'Save', exact: true }).tap()
    assert.equal(await segments(page).first().textContent(), 'By touch.')
    await page.getByRole('link', { name: 'New transcript' }).first().tap()
    await page.getByRole('link', { name: `${SENTENCE_FILE} By touch` }).waitFor()
    await closePage(page)
  })

  test('motion is left out for those who do not want it', async () => {
    const page = await rig.open({ reducedMotion: 'reduce' })
    const button = page.getByRole('button', { name: 'Choose files' })
    assert.equal(await button.evaluate((element) => getComputedStyle(element).transitionDuration), '1e-05s')
    await closePage(page)
  })
})
