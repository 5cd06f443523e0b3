/** What goes wrong, and how the page says so: in the reader's language, with the service's own sentence, and a way on. */

import assert from 'node:assert/strict'
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
  startPageService,
} from './rig.ts'

/** A red square. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzIAAAAA1BMVEX/AAAZ4gk3AAAADElEQVQI12NggAIAAAgAAVZxNqsAAAAASUVORK5CYII=',
  'base64',
)

describe('troubles on the page', { skip: noPage, concurrency: 1 }, () => {
  let rig: PageRig
  before(async () => {
    rig = await startPageRig({ env: { MAX_UPLOAD_MB: '1' } })
  })
  after(() => rig?.[Symbol.asyncDispose]())

  test('each file that is no recording fails on its own, with the service’s sentence, and the others go on', async (t) => {
    const page = await rig.open({ locale: 'pt-BR' })
    await choose(page, [
      { name: 'vazio.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(0) },
      { name: 'retrato\n"😀" --.png', mimeType: 'image/png', buffer: PICTURE },
      { name: 'grande demais.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(1_500_000) },
      {
        name: 'raposa.wav',
        mimeType: 'audio/wav',
        buffer: await (await import('node:fs/promises')).readFile(SENTENCE),
      },
    ])
    await page.waitForFunction(() => document.querySelectorAll('.entry.failed').length === 3)
    await page.getByRole('link', { name: new RegExp(`raposa\\.wav.*${SENTENCE_SAID.source}`, 'i') }).waitFor()
    await picture(t, page, 'failures')

    await page.getByRole('link', { name: /^vazio\.wav/ }).click()
    await page.getByRole('alert').getByText('A gravação não pode ser usada').waitFor()
    await page.getByText('The file is empty: send a file that holds a recording.').waitFor()
    await picture(t, page, 'empty-file')
    await page.getByRole('button', { name: 'Remover', exact: true }).click()

    await page.getByRole('link', { name: /retrato/ }).click()
    await page.getByText(/^(The file could not be read as audio|The file holds no audio)/).waitFor()
    await page.goBack()
    await page.getByRole('link', { name: /^grande demais/ }).click()
    await page.getByRole('alert').getByText('O arquivo é grande demais').waitFor()
    await page.getByText('Tem 1,5 MB; o serviço aceita até 1 MB.').waitFor()
    await closePage(page)
  })

  test('an option that the service refuses is named, and the file can be sent again', async () => {
    const page = await rig.open()
    await page.evaluate("localStorage.setItem('paradox.language', 'klingon')") // as an older version may have left one
    await page.reload()
    await choose(page, SENTENCE)
    await page.getByRole('alert').getByText('An option was refused').waitFor()
    await page.getByText(/^Language 'klingon' is not one that this model knows/).waitFor()
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await page.getByRole('alert').getByText('An option was refused').waitFor()
    await closePage(page)
  })

  test('an address of a transcript that is not here says so', async (t) => {
    const page = await rig.open({ path: '/#/t/0123456789' })
    await page.getByRole('heading', { name: 'This transcript is not in this browser' }).waitFor()
    await picture(t, page, 'missing')
    await closePage(page)
  })
})

test('a service with keys asks for one, knows a wrong one, and works with the right one', {
  skip: noPage,
}, async (t) => {
  await using rig = await startPageRig({ env: { API_KEYS: 'the-right-key' } })
  const page = await rig.open({ locale: 'pt-BR' })
  await page.getByRole('heading', { name: 'Este serviço pede uma chave' }).waitFor()
  await picture(t, page, 'key')
  const field = page.getByRole('textbox', { name: 'Chave de API' })
  await field.fill('a wrong key')
  await page.getByRole('button', { name: 'Usar esta chave' }).click()
  await page.getByText('O serviço não conhece esta chave.').waitFor()
  await picture(t, page, 'key-wrong')
  await field.fill('the-right-key')
  await field.press('Enter')
  await choose(page, SENTENCE)
  await done(page)
  assert.equal(await page.evaluate(() => localStorage.getItem('paradox.key')), null)

  // It lasts as long as the tab, and is forgotten when it is asked to be.
  await page.reload()
  await done(page)
  await page.getByRole('button', { name: 'Chave de API' }).click()
  await picture(t, page, 'key-dialog')
  await page.getByRole('button', { name: 'Esquecer a chave' }).click()
  await page.getByRole('link', { name: 'Nova transcrição' }).first().click()
  await page.getByRole('heading', { name: 'Este serviço pede uma chave' }).waitFor()
  await closePage(page)
})

test('a service that goes away in the middle is waited for, and the recording goes on when it is back', {
  skip: noPage,
}, async (t) => {
  await using rig = await startPageRig()
  const page = await rig.open()
  await choose(page, LONG)
  await segments(page).first().waitFor()
  process.kill(rig.service.pid, 'SIGKILL')
  await page.getByText('The service does not answer.').waitFor()
  await page.getByText('The service went away in the middle').waitFor()
  await page.getByText(/^The text up to/).waitFor()
  await picture(t, page, 'gone')

  // The page must not find the service by itself before the button is pressed: it sees none until it asks so seldom that
  // there is time to.
  const { baseUrl } = rig.service
  await page.route(`${baseUrl}/**`, (route) => route.abort())
  const successor = await startPageService({ PORT: new URL(baseUrl).port })
  try {
    await page.getByText(/^Next attempt in 1\d s/).waitFor()
    await page.unroute(`${baseUrl}/**`)
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('The service does not answer.').waitFor({ state: 'detached' })
    await done(page)
    assert.match((await segments(page).allTextContents()).join(' '), RECORDINGS.long.ends)
    await closePage(page)
  } finally {
    await successor.stop()
  }
})

test('without the service what is kept can be read and corrected, and new recordings wait', {
  skip: noPage,
}, async (t) => {
  await using rig = await startPageRig()
  const page = await rig.open()
  await choose(page, SENTENCE)
  await done(page)
  await rig.service.stop()
  await page.evaluate(() => dispatchEvent(new Event('online'))) // the browser has news of the network
  await page.getByText('The service does not answer.').waitFor()
  await segments(page).first().dblclick()
  await page.getByRole('textbox', { name: /^Text at/ }).fill('Corrected without the service.')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Corrected without the service.').first().waitFor()
  await picture(t, page, 'offline')

  await page.getByRole('link', { name: 'New transcript' }).first().click()
  await choose(page, SENTENCE)
  await page.locator('.job-progress').getByText('Waiting').waitFor()
  const successor = await startPageService({ PORT: new URL(rig.service.baseUrl).port })
  try {
    await done(page) // without anybody's doing: the page asks again and again
    await closePage(page)
  } finally {
    await successor.stop()
  }
})

test('a busy service is asked again after the time that it names', { skip: noPage }, async (t) => {
  await using rig = await startPageRig({ env: { MAX_CONCURRENCY: '1', MAX_QUEUE: '1' } })
  const page = await rig.open()
  await page.getByRole('combobox', { name: 'Model' }).waitFor()
  const others = [0, 1].map(() => rig.service.post(LONG, { beam_size: '1' }))
  await page.waitForFunction(async () => {
    const { running, waiting } = (await (await fetch('v1/limits')).json()) as { running: number; waiting: number }
    return running + waiting === 2
  })
  await choose(page, SENTENCE)
  await page.getByText('The service is busy.').waitFor()
  await page.locator('.job-progress').getByText('Waiting for the service').waitFor()
  await picture(t, page, 'busy')
  await done(page)
  await closePage(page)
  await Promise.all(others)
})
