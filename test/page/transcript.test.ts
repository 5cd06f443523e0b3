/** A transcript that is done: listening, correcting, taking it along, keeping it. */

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { skipped } from '../helpers/skip.ts'
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
  SENTENCE_LINK,
  SENTENCE_SAID,
  segments,
  startPageRig,
} from './rig.ts'

const ARTEFACTS = resolve(import.meta.dirname, '../../test-artefacts/page')
const SCREENSHOT = resolve(import.meta.dirname, '../../docs/images/page.png')

const noForeign = RECORDINGS.foreign ? false : skipped('data', 'there is no recording in a far language here')

describe('a transcript on the page', { skip: noPage, concurrency: 1 }, () => {
  let rig: PageRig
  before(async () => {
    rig = await startPageRig()
  })
  after(() => rig?.[Symbol.asyncDispose]())

  /** A page that shows the transcript of a recording. */
  async function transcriptOf(file: string, options = {}): Promise<Page> {
    return await transcriptOn(await rig.open(options), file)
  }
  async function transcriptOn(page: Page, file: string): Promise<Page> {
    await choose(page, file)
    await done(page)
    await page.waitForFunction(() => document.querySelector('.playable') !== null)
    return page
  }
  const currentTime = (page: Page) => page.evaluate(() => document.querySelector('audio')?.currentTime ?? Number.NaN)

  async function download(page: Page, format: string): Promise<{ name: string; bytes: Buffer }> {
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Download as ${format}` }).click(),
    ])
    return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) }
  }

  test('a click on a word plays from it, and the word is marked while it is said', async (t) => {
    const page = await transcriptOf(RECORDINGS.minute, { locale: 'pt-BR' })
    assert.equal(await currentTime(page), 0)
    const word = page.locator('.segment').nth(3).locator('.word').nth(2)
    await word.click()
    await page.waitForFunction(() => document.querySelector('.word.spoken') !== null)
    await page.waitForFunction(() => document.querySelector('.segment:nth-child(4)[aria-current=true]') !== null)
    assert.ok((await currentTime(page)) > RECORDINGS.beforeFourthSegment)
    await page.getByRole('button', { name: 'Pausar' }).click()
    await page.getByRole('slider').press('Home')
    await page
      .locator('.segment')
      .nth(1)
      .getByRole('button', { name: /^Tocar a partir de/ })
      .click()
    await page.waitForFunction(() => document.querySelector('.segment:nth-child(2) .word.spoken') !== null)
    await page.getByRole('button', { name: 'Pausar' }).click()
    await picture(t, page, 'playing')
    if (process.env.UPDATE_SCREENSHOT === '1') {
      mkdirSync(join(SCREENSHOT, '..'), { recursive: true })
      copyFileSync(join(ARTEFACTS, 'playing-1280.png'), SCREENSHOT)
    }
    await closePage(page)
  })

  test('the keys of a player work where the text has the focus, and nowhere else', async () => {
    const page = await transcriptOf(RECORDINGS.minute)
    await page.locator('.details').click()
    await page.keyboard.press('ArrowRight')
    assert.equal(Math.round(await currentTime(page)), 5)
    await page.keyboard.press('ArrowDown')
    const second = await currentTime(page)
    assert.ok(second > 5)
    await page.keyboard.press('ArrowUp')
    assert.ok((await currentTime(page)) < second)
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await page.keyboard.press(' ')
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor()

    if (RECORDINGS.hasUnsureWords) {
      const before = await currentTime(page)
      await page.keyboard.press('n')
      await page.getByRole('button', { name: 'Pause' }).waitFor()
      await page.keyboard.press(' ')
      assert.notEqual(await currentTime(page), before)
    }

    await page.getByRole('combobox', { name: 'Speed' }).selectOption({ label: '1.5×' })
    assert.equal(await page.evaluate(() => document.querySelector('audio')?.playbackRate), 1.5)
    await page.getByRole('button', { name: 'Keys' }).click()
    await page.getByRole('dialog', { name: 'Keys' }).getByText('play, pause').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const there = await currentTime(page)
    await page.locator('header').click()
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    await page.keyboard.press('ArrowRight')
    assert.equal(await currentTime(page), there)
    await closePage(page)
  })

  test('everything can be reached and done with the keyboard alone', async () => {
    const page = await transcriptOf(SENTENCE)
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    const reached: string[] = []
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab')
      const name = await page.evaluate(() => {
        const focused = document.activeElement
        return focused?.getAttribute('aria-label') ?? (focused as HTMLElement | null)?.innerText ?? ''
      })
      if (name === reached[0]) break
      reached.push(name)
    }
    for (const name of [
      /skip/i,
      /models/i,
      /^position/i,
      /^play$/i,
      /copy text/i,
      /download as srt/i,
      /^edit the text/i,
      /^delete$/i,
    ]) {
      assert.ok(
        reached.some((one) => name.test(one)),
        `${name} among ${reached.join(' | ')}`,
      )
    }
    await closePage(page)
  })

  test('text is corrected in place, and what is downloaded, copied and kept has the correction', async (t) => {
    const page = await transcriptOf(SENTENCE, { permissions: ['clipboard-read', 'clipboard-write'] })
    const before = await segments(page).first().innerText()
    await page.locator('.segment').first().hover()
    await page
      .getByRole('button', { name: /^Edit the text at/ })
      .first()
      .click()
    const field = page.getByRole('textbox', { name: /^Text at/ })
    await field.fill('Uma raposa azul & <nova> aprende.')
    await picture(t, page, 'editing')
    await field.press('Enter')
    await page.locator('.segment .tag', { hasText: 'edited' }).waitFor()
    assert.equal(await segments(page).first().innerText(), 'Uma raposa azul & <nova> aprende.')
    await picture(t, page, 'edited')

    const srt = await download(page, 'SRT')
    assert.equal(srt.name, SENTENCE_FILE.replace(/wav$/, 'srt'))
    assert.match(srt.bytes.toString(), /^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nUma raposa azul & <nova> aprende\.\n/)
    assert.match(
      (await download(page, 'VTT')).bytes.toString(),
      /^WEBVTT\n[\s\S]*\nUma raposa azul &amp; &lt;nova&gt; aprende\.\n/,
    )
    assert.match((await download(page, 'TXT')).bytes.toString(), /^Uma raposa azul & <nova> aprende\./)
    const json = JSON.parse((await download(page, 'JSON')).bytes.toString())
    assert.equal(json.language, RECORDINGS.sentence.language)
    assert.equal(json.segments[0].edited, true)
    const docx = await download(page, 'DOCX')
    assert.equal(docx.bytes.subarray(0, 2).toString(), 'PK')
    await page.getByRole('button', { name: 'Copy text' }).click()
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Uma raposa azul & <nova> aprende\./)

    await page.reload()
    await page.locator('.segment .tag', { hasText: 'edited' }).waitFor()
    assert.equal(await segments(page).first().innerText(), 'Uma raposa azul & <nova> aprende.')
    await page.waitForFunction(() => document.querySelector('.playable') !== null)
    await page.getByRole('button', { name: /as it was heard/ }).click()
    assert.equal(await segments(page).first().innerText(), before)
    await closePage(page)
  })

  test('Escape leaves the text as it was, and leaving the field keeps what was typed', async () => {
    const page = await transcriptOf(RECORDINGS.minute)
    const before = await segments(page).allTextContents()
    await segments(page).nth(1).dblclick()
    await page.getByRole('textbox', { name: /^Text at/ }).fill('nothing of this')
    await page.keyboard.press('Escape')
    assert.deepEqual(await segments(page).allTextContents(), before)
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label')?.startsWith('Edit the text at'))

    await page.keyboard.press('e')
    await page.getByRole('textbox', { name: /^Text at/ }).fill('all of this')
    await page.getByRole('combobox', { name: 'Mark unsure words' }).focus()
    await page.getByText('all of this', { exact: true }).waitFor()
    await closePage(page)
  })

  test('words that the model was unsure of are marked, with a limit that the reader chooses', async () => {
    const page = await transcriptOf(RECORDINGS.minute)
    const marked = page.locator('.segments .unsure')
    const some = await marked.count()
    await page.getByRole('combobox', { name: 'Mark unsure words' }).selectOption('0.9')
    const more = await marked.count()
    assert.ok(more > some, `${more} of ${some}`)
    await page.getByText(`${more} marked like`).waitFor()
    assert.match((await marked.first().getAttribute('title')) ?? '', /^\d+%$/)
    assert.match(await marked.first().evaluate((word) => getComputedStyle(word).textDecorationLine), /underline/)
    await page.getByRole('combobox', { name: 'Mark unsure words' }).selectOption('0')
    assert.equal(await marked.count(), 0)
    await closePage(page)
  })

  test('what is kept is there after a reload, with its recording, until it is deleted', async (t) => {
    const page = await transcriptOf(SENTENCE)
    await page.reload()
    await done(page)
    await page.waitForFunction(() => document.querySelector('.playable') !== null)
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await choose(page, RECORDINGS.others[0])
    await done(page)
    assert.equal(await page.locator('.entry').count(), 2)

    await page.getByRole('checkbox', { name: /Keep recordings too/ }).uncheck()
    await page.getByText(/^0 bytes of 500 MB/).waitFor()
    await page.reload()
    await page.getByText('The recording is not kept in this browser.').waitFor()
    await picture(t, page, 'no-recording')
    await page.locator('.player input[type=file]').setInputFiles(RECORDINGS.others[0])
    await page.waitForFunction(() => document.querySelector('.playable') !== null)

    await page.getByRole('button', { name: `Delete ${SENTENCE_FILE}` }).click()
    await page.getByRole('dialog').getByText(`Delete “${SENTENCE_FILE}”?`).waitFor()
    await picture(t, page, 'confirm')
    await page.getByRole('button', { name: 'Keep' }).click()
    assert.equal(await page.locator('.entry').count(), 2)
    await page.getByRole('button', { name: `Delete ${SENTENCE_FILE}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.entry').length === 1)

    await page.getByRole('button', { name: 'Delete all' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('No transcripts yet').waitFor()
    await page.reload()
    await page.getByText('No transcripts yet').waitFor()
    await closePage(page)
  })

  test('a stretch that the model was unsure of says so, and so does the service’s warning', {
    skip: noForeign,
  }, async (t) => {
    const page = await rig.open({ locale: 'pt-BR' })
    await page.getByRole('combobox', { name: 'Idioma falado' }).selectOption('ha') // it is Korean, say
    await choose(page, RECORDINGS.foreign!)
    await done(page)
    await page.locator('.segment .tag.warn', { hasText: 'incerto' }).first().waitFor()
    await page.getByText('O serviço avisa:').waitFor()
    await picture(t, page, 'doubtful')
    await closePage(page)
  })

  test('two hours are sent, shown and sought in without being drawn', async (t) => {
    using folder = new TempFolder()
    const silence = ['-f', 'lavfi', '-t', '7200', '-i', 'anullsrc=r=16000:cl=mono']
    const joined = ['-filter_complex', '[0:a][1:a][2:a]concat=n=3:v=0:a=1', '-c:a', 'flac']
    const file = folder.make('two hours.flac', ['-i', SENTENCE, ...silence, '-i', SENTENCE, ...joined])
    const page = await transcriptOf(file)
    assert.match(await page.locator('.details').innerText(), new RegExp(`^${RECORDINGS.twoHours}`))
    await page.getByText('The bars show where words are').waitFor()
    await page
      .getByRole('button', { name: /^Play from 2:00:0\d$/ })
      .first()
      .click()
    await page.waitForFunction(() => document.querySelector('.segment:last-child .word.spoken') !== null)
    assert.ok((await currentTime(page)) > 7200)
    await page.getByRole('button', { name: 'Pause' }).click()
    await picture(t, page, 'two-hours')
    await closePage(page)
  })

  test('a transcript that is left before the waveform’s script has come leaves nothing behind', async () => {
    const page = await rig.open()
    await page.clock.install()
    const script = Promise.withResolvers<void>()
    await page.route('**/assets/wavesurfer*', async (route) => {
      await script.promise
      await route.continue()
    })
    const asked = page.waitForRequest('**/assets/wavesurfer*')
    await transcriptOn(page, SENTENCE)
    await asked
    // No picture is painted from here on, after which alone Preact ends the effects of what was taken away.
    await page.clock.pauseAt(Date.now() + 60_000)
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await page.locator('.waveform').waitFor({ state: 'detached' })
    const come = page.waitForResponse('**/assets/wavesurfer*')
    script.resolve()
    await (await come).finished()
    await page.clock.resume()
    await page.getByRole('link', { name: SENTENCE_LINK }).click()
    await page.locator('.waveform > div').waitFor()
    await closePage(page)
  })

  test('where the browser keeps nothing, the page says so and works as long as it is open', async () => {
    const page = await rig.open()
    await page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined }))
    await page.reload()
    await page.getByText('This browser keeps nothing for this page').waitFor()
    await choose(page, SENTENCE)
    await done(page)
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await page.getByRole('link', { name: SENTENCE_LINK }).click()
    assert.match((await segments(page).first().textContent()) ?? '', SENTENCE_SAID)
    await closePage(page)
  })

  test('a recording in a format that the browser cannot play is transcribed all the same', async (t) => {
    const page = await rig.open()
    await choose(page, RECORDINGS.unplayable.path)
    await done(page)
    await page.getByText('This browser cannot play this format.').waitFor()
    assert.match((await segments(page).allTextContents()).join(' '), RECORDINGS.unplayable.said)
    await picture(t, page, 'unplayable')
    await closePage(page)
  })
})
