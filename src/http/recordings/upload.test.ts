import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { UploadMissingError, UploadStalledError } from '../../errors/index.ts'
import { TempFiles } from './temp-files.ts'
import { receiveUpload, type UploadRules } from './upload.ts'

/** The next request that a real server receives, while its client is still writing. */
async function incoming(t: TestContext, begin: string): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const client = request({ port, method: 'POST', headers }).on('error', () => {})
  client.write(begin)
  t.after(() => {
    client.destroy()
    server.close()
  })
  const [received] = (await once(server, 'request')) as [IncomingMessage]
  return received
}

async function rulesFor(t: TestContext): Promise<UploadRules & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'paradox-upload-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return {
    folder,
    tempFiles: new TempFiles(folder),
    maxBytes: 1000,
    fileParts: ['file'],
    checkFields: () => {},
    stallSeconds: 0.05,
  }
}

const FILE_BEGIN = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((name) => /wav$/.test(name))

test('an upload that falls silent is given up, and nothing of it stays', async (t) => {
  const rules = await rulesFor(t)
  const upload = receiveUpload(await incoming(t, FILE_BEGIN), rules, new AbortController().signal)
  await assert.rejects(upload, UploadStalledError)
  assert.deepEqual(await filesIn(rules.folder), [])
})

test('an upload of a byte now and then is given up as well', async (t) => {
  const rules = { ...(await rulesFor(t)), stallSeconds: 0.2 }
  const received = await incoming(t, FILE_BEGIN)
  const drip = setInterval(() => received.emit('data', Buffer.from('x')), 20)
  t.after(() => clearInterval(drip))
  await assert.rejects(receiveUpload(received, rules, new AbortController().signal), UploadStalledError)
  assert.deepEqual(await filesIn(rules.folder), [])
})

test('an abort ends the reception with its reason, and nothing of it stays', async (t) => {
  const rules = { ...(await rulesFor(t)), stallSeconds: 60 }
  const work = new AbortController()
  const received = await incoming(t, FILE_BEGIN)
  const upload = receiveUpload(received, rules, work.signal)
  received.once('data', () => work.abort(new Error('enough')))
  await assert.rejects(upload, /enough/)
  assert.deepEqual(await filesIn(rules.folder), [])
})

test('a form of more parts than anybody needs is refused', async (t) => {
  const parts = '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(1001)
  const rules = { ...(await rulesFor(t)), maxBytes: 1e6 }
  const upload = receiveUpload(await incoming(t, parts), rules, new AbortController().signal)
  await assert.rejects(upload, UploadMissingError)
})
