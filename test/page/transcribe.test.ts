/** From a recording to its text, on the page. */

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  choose,
  closePage,
  done,
  LONG,
  noPage,
  type PageRig,
  picture,
  RECORDINGS,
  SENTENCE,
  SENTENCE_SAID,
  segments,
  startPageRig,
} from './rig.ts'

describe('transcribing on the page', { skip: noPage, concurrency: 1 }, () => {
  let rig: PageRig
  before(async () => {
    rig = await startPageRig({
      args: [
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${SENTENCE}`,
      ],
    })
  })
  after(() => rig?.[Symbol.asyncDispose]())

  test('a new visitor finds where to begin', async (t) => {
    const page = await rig.open({ locale: 'pt-BR' })
    await page.getByRole('heading', { name: 'Nova transcrição', level: 1 }).waitFor()
    await page.getByText('Nenhuma transcrição ainda').waitFor()
    await page.getByRole('combobox', { name: 'Modelo' }).waitFor()
    await picture(t, page, 'start')
    await page.getByText('Mais opções').click()
    await page.getByRole('textbox', { name: 'Vocabulário' }).waitFor()
    await picture(t, page, 'options')
    await closePage(page)
  })

  test('a file is uploaded, followed and shown: how much is sent, how much is done, and its text on the way', async (t) => {
    const page = await rig.open({ locale: 'pt-BR' })
    const network = await page.context().newCDPSession(page)
    await network.send('Network.enable')
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 60_000, // bytes a second: some five seconds for this file
    })
    await choose(page, LONG)
    const bar = page.locator('.job-progress').getByRole('progressbar')
    await page
      .locator('.job-progress')
      .getByText(/^Enviando$/)
      .waitFor()
    await page.waitForFunction(
      () => Number(document.querySelector('.job-progress [role=progressbar]')?.ariaValueNow) >= 20,
    )
    assert.match(
      (await bar.getAttribute('aria-valuetext')) ?? '',
      new RegExp(`^\\d+\\s?% de ${Math.round(statSync(LONG).size / 1000)} kB$`),
    )
    await picture(t, page, 'uploading')
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    })

    await page
      .locator('.job-progress')
      .getByText(/^Transcrevendo$/)
      .waitFor()
    await segments(page).first().waitFor()
    assert.match(
      (await bar.getAttribute('aria-valuetext')) ?? '',
      new RegExp(`^\\d:\\d\\d de ${RECORDINGS.long.length}$`),
    )
    await picture(t, page, 'transcribing')

    await done(page)
    const text = (await segments(page).allTextContents()).join(' ')
    assert.match(text, RECORDINGS.long.said)
    assert.match(
      await page.locator('.details').innerText(),
      new RegExp(`${RECORDINGS.long.length} · ${RECORDINGS.long.languageInPortuguese}`),
    )
    await picture(t, page, 'transcript')
    await closePage(page)
  })

  test('several files stand in line, and each comes to its own text', async (t) => {
    const page = await rig.open()
    const files = [SENTENCE, RECORDINGS.others[0], RECORDINGS.others[1], RECORDINGS.minute, RECORDINGS.known.path]
    await choose(page, files)
    await page.getByRole('heading', { name: 'In progress' }).waitFor()
    await page.getByRole('progressbar').first().waitFor()
    await picture(t, page, 'queue')
    await page.getByRole('heading', { name: 'In progress' }).waitFor({ state: 'detached', timeout: 120_000 })
    assert.equal(await page.locator('.entry').count(), files.length)
    await page.getByRole('link', { name: basename(RECORDINGS.known.path) }).click()
    await done(page)
    assert.match((await segments(page).allTextContents()).join(' '), RECORDINGS.known.said)
    await closePage(page)
  })

  test('files that are dropped anywhere are taken', async () => {
    const page = await rig.open()
    await page.locator('.drop-zone').waitFor()
    const data = await page.evaluateHandle(`(async () => {
      const data = new DataTransfer()
      const rate = 16000, wave = new Int16Array(rate)
      const header = new DataView(new ArrayBuffer(44))
      const text = (at, s) => [...s].forEach((c, i) => header.setUint8(at + i, c.charCodeAt(0)))
      text(0, 'RIFF'); header.setUint32(4, 36 + wave.byteLength, true); text(8, 'WAVEfmt ')
      header.setUint32(16, 16, true); header.setUint16(20, 1, true); header.setUint16(22, 1, true)
      header.setUint32(24, rate, true); header.setUint32(28, rate * 2, true); header.setUint16(32, 2, true)
      header.setUint16(34, 16, true); text(36, 'data'); header.setUint32(40, wave.byteLength, true)
      data.items.add(new File([header.buffer, wave], 'silêncio 🤫.wav', { type: 'audio/wav' }))
      return data
    })()`)
    await page.dispatchEvent('body', 'dragover', { dataTransfer: data })
    await page.getByText('Let go to transcribe').waitFor()
    await page.dispatchEvent('body', 'drop', { dataTransfer: data })
    await done(page)
    await page.getByRole('heading', { name: 'silêncio 🤫.wav' }).waitFor()
    await page.getByText('Nobody speaks in this recording').waitFor()
    await closePage(page)
  })

  test('the microphone is recorded, listened to and transcribed', async (t) => {
    const page = await rig.open()
    await page.getByRole('button', { name: 'Record' }).click()
    await page.getByRole('img', { name: 'Level of the microphone' }).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.level-meter .lit').length > 6)
    await page.waitForFunction(() => /0:0[6-9]/.test(document.querySelector('.recorder time')?.textContent ?? ''))
    await picture(t, page, 'recording')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('It is not transcribed yet.').waitFor()
    await picture(t, page, 'recorded')
    await page.getByRole('button', { name: 'Transcribe' }).click()
    await done(page)
    assert.match((await segments(page).allTextContents()).join(' '), SENTENCE_SAID)
    assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /^Recording .+\.webm$/)
    // What a browser records tells no length; the player finds it, and can go to any place of it.
    await page.waitForFunction(() => {
      const { duration = 0 } = document.querySelector('audio') ?? {}
      return duration > 5 && Number.isFinite(duration)
    })
    await page.getByRole('slider', { name: 'Position in the recording' }).press('End')
    await page.waitForFunction(() => (document.querySelector('audio')?.currentTime ?? 0) > 4)
    await closePage(page)
  })

  test('a recording in which the browser can go to no place, as Firefox in WebM, is played all the same', async () => {
    const page = await rig.open()
    await page.addInitScript(() => {
      const property = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime')!
      Object.defineProperty(HTMLMediaElement.prototype, 'currentTime', { ...property, set: () => {} })
    })
    await page.reload()
    await page.getByRole('button', { name: 'Record' }).click()
    await page.waitForFunction(() => /0:0[4-9]/.test(document.querySelector('.recorder time')?.textContent ?? ''))
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Transcribe' }).click()
    await done(page)
    await page.getByRole('button', { name: 'Play', exact: true }).click()
    await page.waitForFunction(() => (document.querySelector('audio')?.currentTime ?? 0) > 1)
    await closePage(page)
  })

  test('a recording that is discarded goes nowhere', async () => {
    const page = await rig.open()
    await page.getByRole('button', { name: 'Record' }).click()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
    await page.locator('.recorder').waitFor({ state: 'detached' })
    await page.getByText('Drop recordings here').waitFor()
    assert.equal(await page.locator('.entry').count(), 0)
    await closePage(page)
  })

  test('what is cancelled stops at the service too, and what was there of its text stays in sight', async (t) => {
    const page = await rig.open()
    await choose(page, LONG)
    await segments(page).first().waitFor()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByText('Cancelled').first().waitFor()
    await page.getByText(/^The text up to/).waitFor()
    await picture(t, page, 'cancelled')
    await page.waitForFunction(async () => (await (await fetch('v1/limits')).json()).running === 0)
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as JSON' }).click(),
    ])
    assert.equal(saved.suggestedFilename(), basename(LONG).replace(/ogg$/, 'json'))
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByText('No transcripts yet').waitFor()
    await closePage(page)
  })

  test('a translation is English, whatever is spoken', async () => {
    const page = await rig.open()
    await page.getByText('English (translation)').click()
    await choose(page, SENTENCE)
    await done(page)
    assert.match((await segments(page).allTextContents()).join(' '), RECORDINGS.sentence.inEnglish)
    assert.match(await page.locator('.details').innerText(), /translated into English/)
    await closePage(page)
  })

  test('fifty files at once all come through', async (t) => {
    const page = await rig.open()
    const files = Array.from({ length: 50 }, (_, i) => RECORDINGS.others[2 + (i % 3)]!)
    await choose(page, files)
    await page.getByText(/\d+ of 50 done/).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('[aria-labelledby=history-title] .entry').length >= 5)
    await picture(t, page, 'fifty')
    await page.getByRole('heading', { name: 'In progress' }).waitFor({ state: 'detached', timeout: 240_000 })
    assert.equal(await page.locator('.entry').count(), 50)
    assert.equal(await page.locator('.entry.failed').count(), 0)
    await closePage(page)
  })
})
