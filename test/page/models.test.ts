/** The panel of models: loading, unloading, and a download from a hub on this machine. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHubServer } from '../helpers/fakes/hub-server.ts'
import { CHECKPOINT } from '../helpers/rigs/hub-rig.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { closePage, noPage, picture, startPageRig } from './rig.ts'

const REPO = 'freds0/distil-whisper-large-v3-ptbr'

test('a model is loaded and unloaded, and the panel tells its memory and its state', { skip: noPage }, async (t) => {
  await using rig = await startPageRig({ env: { MODEL_TTL: '600' } })
  const page = await rig.open({ locale: 'pt-BR' })
  await page.getByRole('link', { name: /Modelos/ }).click()
  await page.getByRole('heading', { name: 'Modelos', level: 1 }).waitFor()
  const base = page.locator('.model', { has: page.getByRole('heading', { name: 'base' }) })
  await base.getByText('no disco').waitFor()
  await page.getByRole('button', { name: 'Carregar base' }).click()
  await base.getByText('na memória').waitFor()
  assert.match(await base.locator('.facts').innerText(), /\d+ MB/)
  await base.getByText(/^(em \d+:\d\d|fica)$/).waitFor()
  assert.match(await page.locator('.chip').innerText(), /base/)
  await picture(t, page, 'models')
  await page.getByRole('button', { name: 'Descarregar base' }).click()
  await base.getByText('no disco').waitFor()
  await closePage(page)
})

test('a download tells how far it is, can be cancelled, and says what went wrong', { skip: noPage }, async (t) => {
  await using hub = await startHubServer({ repositories: { [REPO]: CHECKPOINT } })
  const folder = tempFolder(t)
  hub.intercept = ({ host }) => (host === 'content network' ? { stallAfterBytes: 120_000 } : undefined)
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '0', HF_HOME: folder }
  await using rig = await startPageRig({ env })
  const page = await rig.open({ path: '/#/models' })
  const model = page.locator('.model', { has: page.getByRole('heading', { name: 'freds0' }) })
  await model.getByText('not downloaded').waitFor()
  await page.getByRole('button', { name: 'Download freds0' }).click()
  await model.getByText(/^model\.safetensors: [\d.]+ kB of 300 kB$/).waitFor()
  await picture(t, page, 'downloading')
  await page.getByRole('button', { name: 'Cancel the download of freds0' }).click()
  await page.getByRole('button', { name: 'Download freds0' }).waitFor()

  hub.intercept = () => ({ status: 404, headers: { 'x-error-code': 'RepoNotFound' } })
  await page.getByRole('button', { name: 'Download freds0' }).click()
  await model.getByText('The model cannot be used').waitFor()
  await picture(t, page, 'download-failed')

  hub.intercept = () => undefined
  await page.getByRole('button', { name: 'Download freds0' }).click()
  await model.getByText('on the disk').waitFor()
  await closePage(page)
})
