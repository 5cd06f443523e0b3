/** What the page keeps: recordings of the microphone and transcripts, through everything that can come between. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Dialog, Page } from 'playwright-core'
import { closePage, noBrowser, type OpenOptions, type PageRig, picture, segments, startPageRig } from './rig.ts'

/** Three segments, as the service streams them: what the page does with them needs no model. */
const SENTENCES = ['First of all.', 'Then another.', 'And the last.']
const ANSWER = [
  ...SENTENCES.map((text, id) => ({ type: 'transcript.text.segment', id: `seg_${id}`, start: id, end: id + 1, text })),
  { type: 'transcript.text.done', text: SENTENCES.join(' '), language: 'english', duration: 3 },
]
  .map((event) => `data: ${JSON.stringify(event)}\n\n`)
  .join('')

const FILE = { name: 'file.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(32_044) }

describe('nothing is lost on the page', { skip: noBrowser, concurrency: 1 }, () => {
  let rig: PageRig
  before(async () => {
    rig = await startPageRig({ args: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'] })
  })
  after(() => rig?.[Symbol.asyncDispose]())

  /** A page whose service answers every recording with the three sentences. */
  async function open(options: OpenOptions = {}): Promise<Page> {
    const page = await rig.open(options)
    await answering(page)
    return page
  }
  async function answering(page: Page, status = 200, body = ANSWER): Promise<void> {
    await page.unroute('**/v1/audio/transcriptions')
    await page.route('**/v1/audio/transcriptions', (route) =>
      route.fulfill({ status, contentType: status === 200 ? 'text/event-stream' : 'application/json', body }),
    )
  }

  async function record(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Record', exact: true }).click()
    await recordedFor(page, 3)
  }
  async function recordedFor(page: Page, seconds: number): Promise<void> {
    await page.waitForFunction((least) => {
      const [minutes, rest] = (document.querySelector('.recorder time')?.textContent ?? '0:0').split(':').map(Number)
      return minutes! * 60 + rest! >= least
    }, seconds)
  }
  /** Waits until so many pieces, of a second each, are in the browser's database. */
  async function written(page: Page, pieces: number): Promise<void> {
    await page.waitForFunction(async (least) => {
      const { promise, resolve } = Promise.withResolvers<number>()
      const request = indexedDB.open('paradox-asr')
      request.onsuccess = () => {
        const count = request.result.transaction('pieces').objectStore('pieces').count()
        count.onsuccess = () => resolve(count.result)
      }
      const found = await promise
      request.result.close()
      return found >= least
    }, pieces)
  }
  const bar = (page: Page) => page.getByRole('region', { name: 'Recording of the microphone' })
  const stop = (page: Page) => bar(page).getByRole('button', { name: 'Stop' }).click()
  /** Opens the recording that the page offers, and waits until it can be played. */
  async function openOffered(page: Page): Promise<void> {
    await page.getByText(/^Recording .+\.webm is not transcribed yet\.$/).waitFor()
    await page.getByRole('link', { name: 'Open it' }).click()
    await playable(page)
  }
  async function playable(page: Page, seconds = 1): Promise<void> {
    await page.waitForFunction((least) => {
      const { duration = 0 } = document.querySelector('audio') ?? {}
      return duration >= least && Number.isFinite(duration)
    }, seconds)
  }
  async function transcribe(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Transcribe', exact: true }).click()
    await page.locator('.transcript .downloads').waitFor()
  }
  /** Shows the transcript of a file. */
  async function send(page: Page): Promise<void> {
    await page.locator('.drop-zone input[type=file]').setInputFiles(FILE)
    await page.locator('.transcript .downloads').waitFor()
  }
  async function correct(page: Page, index: number, text: string): Promise<void> {
    await segments(page).nth(index).dblclick()
    await page.getByRole('textbox', { name: /^Text at/ }).fill(text)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
  }
  async function shows(page: Page, texts: readonly string[]): Promise<void> {
    await page.waitForFunction(
      (wanted) => [...document.querySelectorAll('.segment-text')].map((one) => one.textContent).join('|') === wanted,
      texts.join('|'),
    )
  }
  async function answerDialog(page: Page, title: RegExp, button: string): Promise<void> {
    const dialog = page.getByRole('dialog', { name: title })
    await dialog.getByRole('button', { name: button, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  /** Bytes of a file that the page gives to save. */
  async function saved(page: Page, button: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button, exact: true }).click(),
    ])
    return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
  }
  async function setQuota(page: Page, quotaSize?: number): Promise<void> {
    const browser = await page.context().newCDPSession(page)
    await browser.send('Storage.overrideQuotaForOrigin', {
      origin: rig.service.baseUrl,
      ...(quotaSize !== undefined && { quotaSize }),
    })
  }

  test('a recording goes on through other views, Back, a dropped file and a refused key', async (t) => {
    const page = await open()
    await record(page)
    await page.getByRole('link', { name: /Models/ }).click()
    await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
    await bar(page).waitFor()
    await picture(t, page, 'recording-elsewhere')
    await page.goBack()
    await page.getByText('Drop recordings here').waitFor()

    await answering(page, 401, JSON.stringify({ error: { message: 'No key.', code: 'invalid_api_key' } }))
    const data = await page.evaluateHandle(() => {
      const dropped = new DataTransfer()
      dropped.items.add(new File(['RIFF'], 'dropped.wav', { type: 'audio/wav' }))
      return dropped
    })
    await page.dispatchEvent('body', 'drop', { dataTransfer: data })
    await page.getByRole('heading', { name: 'This service asks for a key' }).waitFor()
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await page.getByRole('heading', { name: 'This service asks for a key' }).waitFor()
    const seconds = Number((await bar(page).locator('time').textContent())?.split(':')[1])
    await recordedFor(page, seconds + 2)
    await stop(page)
    await page.getByText('It is not transcribed yet.').waitFor()
    await playable(page, seconds)
    await picture(t, page, 'recorded-elsewhere')
    await closePage(page)
  })

  test('a recording survives a reload, is sent and stays with its transcript', async () => {
    const page = await open()
    await record(page)
    await written(page, 3)
    await page.reload()
    await openOffered(page)
    const { name, bytes } = await saved(page, 'Save the recording')
    assert.match(name, /^Recording .+\.webm$/)
    assert.ok(bytes.length > 1_000, `${bytes.length} bytes`)
    await transcribe(page)
    await shows(page, SENTENCES)
    await page.reload()
    await shows(page, SENTENCES)
    await playable(page)
    assert.ok((await saved(page, 'Save the recording')).bytes.equals(bytes))
    await page.getByText(/is not transcribed yet/).waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText(/It was recorded here and exists nowhere else\.$/).waitFor()
    await answerDialog(page, /^Delete “Recording/, 'Keep')
    await page.getByRole('checkbox', { name: /Keep recordings too/ }).uncheck()
    await page.reload()
    await playable(page)
    await closePage(page)
  })

  test('the browser asks before the page is closed while it records, and while a recording is not sent', async () => {
    const page = await open()
    const asked: string[] = []
    const stay = (dialog: Dialog) => {
      asked.push(dialog.type())
      return dialog.dismiss()
    }
    page.on('dialog', stay)
    await record(page)
    await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })])
    await recordedFor(page, 4)
    await stop(page)
    await page.getByText('It is not transcribed yet.').waitFor()
    await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })])
    assert.deepEqual(asked, ['beforeunload', 'beforeunload'])
    await transcribe(page)
    page.off('dialog', stay)
    await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })])
    await closePage(page)
  })

  test('what a tab has recorded when it crashes is offered by the tab beside it, and not before', async () => {
    const page = await open()
    await record(page)
    const beside = await open({ beside: page })
    await beside.getByText('Drop recordings here').waitFor()
    await written(page, 3)
    const hasCrashed = page.waitForEvent('crash')
    assert.equal(await beside.getByText(/is not transcribed yet/).count(), 0)
    await page.goto('chrome://crash').catch(() => {})
    await hasCrashed
    await openOffered(beside)
    await transcribe(beside)
    await beside.reload()
    await shows(beside, SENTENCES)
    await closePage(beside)
  })

  test('a recording is discarded or removed only once its maker is sure; one that failed is there after a reload', async () => {
    const page = await open()
    await record(page)
    await bar(page).getByRole('button', { name: 'Discard' }).click()
    await answerDialog(page, /^Discard this recording/, 'Keep')
    await recordedFor(page, 4)
    await stop(page)

    await answering(page, 400, JSON.stringify({ error: { message: 'No.', code: 'option_refused' } }))
    await page.getByRole('button', { name: 'Transcribe', exact: true }).click()
    await page.getByRole('alert').getByText('An option was refused').waitFor()
    await page.getByRole('button', { name: 'Remove', exact: true }).last().click()
    await answerDialog(page, /^Remove “Recording/, 'Keep')
    await page.reload()
    await playable(page)
    await page.getByRole('button', { name: 'Discard', exact: true }).click()
    await answerDialog(page, /^Remove “Recording/, 'Remove')
    await page.getByText('Drop recordings here').waitFor()
    await page.reload()
    await page.getByText('No transcripts yet').waitFor()

    await page.getByRole('button', { name: 'Record', exact: true }).click()
    await recordedFor(page, 1)
    await bar(page).getByRole('button', { name: 'Discard' }).click()
    await answerDialog(page, /^Discard this recording/, 'Discard')
    await bar(page).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByText('No transcripts yet').waitFor()
    await closePage(page)
  })

  test('a recording that ends by itself says so, and what there is of it is kept', async () => {
    const page = await open()
    await page.evaluate(() => {
      const devices = navigator.mediaDevices
      const ask = devices.getUserMedia.bind(devices)
      devices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted)
        Object.assign(window, { unplug: () => stream.getTracks().forEach((track) => void track.stop()) })
        return stream
      }
    })
    await record(page)
    await page.evaluate('unplug()')
    await page.getByText(/^The recording has ended by itself/).waitFor()
    await page.getByRole('link', { name: 'Open it' }).click()
    await playable(page)
    await page.reload()
    await playable(page)
    await closePage(page)
  })

  test('two tabs correct one transcript, and neither loses what the other has written', async () => {
    const page = await open()
    await send(page)
    const beside = await open({ beside: page, path: `/${new URL(page.url()).hash}` })
    await shows(beside, SENTENCES)
    await correct(page, 0, 'By the first tab.')
    await shows(beside, ['By the first tab.', SENTENCES[1]!, SENTENCES[2]!])
    await Promise.all([correct(page, 2, 'Again by the first.'), correct(beside, 1, 'By the second tab.')])
    const all = ['By the first tab.', 'By the second tab.', 'Again by the first.']
    for (const tab of [page, beside]) await shows(tab, all)
    for (const tab of [page, beside]) await tab.reload()
    for (const tab of [page, beside]) await shows(tab, all)

    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await answerDialog(page, /^Delete “file\.wav”/, 'Delete')
    await beside.getByText('No transcripts yet').waitFor()
    await beside.close()
    await closePage(page)
  })

  test('what is being typed is kept when the page goes elsewhere, and asked about when it goes away', async () => {
    const page = await open()
    await send(page)
    await segments(page).last().dblclick()
    await page.getByRole('textbox', { name: /^Text at/ }).fill('Typed before Back.')
    const asked = page.waitForEvent('dialog')
    page.once('dialog', (dialog) => dialog.dismiss())
    await page.close({ runBeforeUnload: true })
    assert.equal((await asked).type(), 'beforeunload')
    await page.goBack()
    await page.getByText('Drop recordings here').waitFor()
    await page.getByRole('link', { name: /^file\.wav/ }).click()
    await shows(page, [SENTENCES[0]!, SENTENCES[1]!, 'Typed before Back.'])
    await closePage(page)
  })

  test('a full disk is told, and what found no room is kept as soon as there is some', async (t) => {
    const page = await open({ path: '/health' })
    await setQuota(page, 1) // before the database is opened: for half a minute the browser trusts what it knew of the room
    await page.goto(rig.service.baseUrl)
    await send(page)
    await correct(page, 1, 'Without room.')
    await page.getByText('Not everything is kept.').waitFor()
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await record(page)
    await page.getByText(/^The browser has no room for this recording/).waitFor()
    await picture(t, page, 'no-room')
    await stop(page)
    await page.getByText(/the browser has no room for it/).waitFor()
    assert.ok((await saved(page, 'Save the recording')).bytes.length > 1_000)
    await setQuota(page)
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Not everything is kept.').waitFor({ state: 'detached' })
    await page.reload()
    await playable(page)
    await page.getByRole('link', { name: /^file\.wav/ }).click()
    await shows(page, [SENTENCES[0]!, 'Without room.', SENTENCES[2]!])
    await closePage(page)
  })

  test('after the browser has dropped the database the page opens it anew', async () => {
    const page = await open()
    await send(page)
    const browser = await page.context().newCDPSession(page)
    await browser.send('Storage.clearDataForOrigin', { origin: rig.service.baseUrl, storageTypes: 'indexeddb' })
    await correct(page, 0, 'After that.')
    await page.waitForFunction(async () => (await indexedDB.databases()).length > 0)
    await page.reload()
    await shows(page, ['After that.', SENTENCES[1]!, SENTENCES[2]!])
    await closePage(page)
  })

  test('the browser is asked once, and not before something is kept, to keep it for good', async () => {
    const page = await rig.open({ path: '/health' })
    await page.addInitScript(() => {
      Object.assign(window, { asked: 0 })
      navigator.storage.persist = async () => {
        Object.assign(window, { asked: (window as unknown as { asked: number }).asked + 1 })
        return true
      }
    })
    await answering(page)
    await page.goto(rig.service.baseUrl)
    await page.getByText('No transcripts yet').waitFor()
    assert.equal(await page.evaluate('asked'), 0)
    await send(page)
    await page.waitForFunction('asked === 1')
    await correct(page, 0, 'Once more.')
    await page.getByText('Once more.').first().waitFor()
    assert.equal(await page.evaluate('asked'), 1)
    await closePage(page)
  })

  test('an older page in another tab is named, and what it has kept is taken over', async () => {
    const older = await rig.open({ path: '/health' })
    await older.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const request = indexedDB.open('paradox-asr', 1)
      request.onupgradeneeded = () => {
        const stores = ['summaries', 'transcripts', 'recordings', 'peaks'].map((name) =>
          request.result.createObjectStore(name, { keyPath: 'id' }),
        )
        const line = { id: 'old', name: 'old.wav', createdAt: 1, durationSeconds: 1, isEdited: false, audioBytes: 0 }
        stores[0]!.put({ ...line, beginning: 'From before.' })
        stores[0]!.put({ ...line, id: 'said', name: 'Recording 12-1-26- 11-44 AM.webm', beginning: 'Said before.' })
      }
      request.onsuccess = () => resolve()
      await promise
    })
    const page = await open({ beside: older })
    await page.getByText(/^Another tab has an older version of this page open/).waitFor()
    await older.close()
    await page.getByRole('link', { name: /^old\.wav/ }).waitFor()
    await page.getByText(/^Another tab has an older version/).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: /^Delete Recording/ }).click()
    await page.getByText(/It was recorded here and exists nowhere else\.$/).waitFor()
    await answerDialog(page, /^Delete “Recording/, 'Keep')
    await closePage(page)
  })

  test('where recordings of files make room, those of the microphone stay', async () => {
    const page = await open()
    await page.getByText('No transcripts yet').waitFor()
    await page.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const request = indexedDB.open('paradox-asr')
      request.onsuccess = () => {
        const change = request.result.transaction(['summaries', 'recordings'], 'readwrite')
        for (const [id, isFromMicrophone] of [
          ['file', false],
          ['voice', true],
        ] as const) {
          const line = { id, name: `${id}.wav`, createdAt: 1, durationSeconds: 1, isEdited: false, beginning: '' }
          change.objectStore('summaries').put({ ...line, audioBytes: 499_990_000, isFromMicrophone })
          change.objectStore('recordings').put({ id, audio: new Blob(['sound']) })
        }
        change.oncomplete = () => resolve()
      }
      await promise
      indexedDB.open('paradox-asr').onsuccess = ({ target }) => (target as IDBOpenDBRequest).result.close()
    })
    await page.reload()
    await page.getByText(/^500 MB of 500 MB/).waitFor()
    await send(page)
    await page.getByText(/^32 kB of 500 MB/).waitFor()
    const kept = await page.evaluate(async () => {
      const { promise, resolve } = Promise.withResolvers<IDBValidKey[]>()
      const request = indexedDB.open('paradox-asr')
      request.onsuccess = () => {
        const keys = request.result.transaction('recordings').objectStore('recordings').getAllKeys()
        keys.onsuccess = () => resolve(keys.result)
      }
      return await promise
    })
    assert.ok(kept.includes('voice') && !kept.includes('file'), kept.join())
    await closePage(page)
  })

  test('everything is exported as one file, which another browser adds to what it has', async () => {
    const page = await open()
    await send(page)
    await correct(page, 1, 'Corrected.')
    await page.getByRole('link', { name: 'New transcript' }).first().click()
    await record(page)
    await stop(page)
    await playable(page)
    const file = await saved(page, 'Export all')
    assert.match(file.name, /^paradox-asr \d{4}-\d\d-\d\d\.zip$/)

    const other = await open()
    const field = other.locator('.archive input')
    await field.setInputFiles({ ...FILE, name: 'broken.zip', buffer: file.bytes.subarray(0, -200) })
    await other.getByText('This file is no export of this page, or it is damaged. Nothing was changed.').waitFor()
    for (let time = 0; time < 2; time++) {
      await field.setInputFiles({ ...FILE, name: file.name, buffer: file.bytes })
      await other.getByText('2 transcripts or recordings were taken over.').waitFor()
      await other.waitForFunction(() => document.querySelectorAll('.entry').length === 2)
      await other.reload()
    }
    await openOffered(other)
    await other.getByRole('link', { name: /^file\.wav/ }).click()
    await shows(other, [SENTENCES[0]!, 'Corrected.', SENTENCES[2]!])
    await other.getByRole('button', { name: 'Save the recording' }).waitFor()
    await closePage(other)
    await closePage(page)
  })
})
