import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FormTooLargeError, UploadStalledError } from '../../errors/index.ts'
import { TempFiles } from './temp-files.ts'
import { receiveUpload, type UploadRules } from './upload.ts'

/** The next request that a real server receives, while its client is still writing, unless that was all. */
async function incoming(t: TestContext, begin: string, isAll = false): Promise<IncomingMessage> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const client = request({ port, method: 'POST', headers }).on('error', () => {})
  client.write(begin)
  if (isAll) client.end()
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
    fieldNames: ['x'],
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

const field = (name: string, value: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const END = '\r\n--b--\r\n'

for (const [what, parts, message] of [
  ['parts than it may have', field('x', '1').repeat(1001), /1000 parts/],
  ['files than it may have', `${FILE_BEGIN}\r\n`.repeat(9), /8 files/],
  ['bytes of fields than it may have', field('x', 'y'.repeat(16_000)).repeat(18), /256 kB of fields/],
] as const) {
  test(`a form of more ${what} is refused, and nothing of it stays`, async (t) => {
    const rules = { ...(await rulesFor(t)), maxBytes: 1e6, stallSeconds: 60 }
    const upload = receiveUpload(await incoming(t, parts), rules, new AbortController().signal)
    await assert.rejects(upload, (error) => error instanceof FormTooLargeError && message.test(error.message))
    assert.deepEqual(await filesIn(rules.folder), [])
  })
}

test('fields that no reader asks for are not kept, whatever they are called or how much they are', async (t) => {
  const rules = { ...(await rulesFor(t)), maxBytes: 1e6, stallSeconds: 60 }
  const others = [field('y', 'z'.repeat(16_000)).repeat(20), field('z'.repeat(5000), '1'), field('__proto__', '1')]
  const noName = '--b\r\ncontent-disposition: form-data\r\n\r\n1\r\n'
  const body = [...others, noName, field('x', '1'), field('x[]', '2'), FILE_BEGIN, END].join('')
  const upload = receiveUpload(await incoming(t, body, true), rules, new AbortController().signal)
  await using received = await upload
  assert.deepEqual(received.fields.names, ['x', 'x[]'])
})

test('the fields are checked once, where the first file begins, and files that were replaced go with the last', async (t) => {
  const checked: (readonly string[])[] = []
  const checkFields: UploadRules['checkFields'] = (fields) => void checked.push(fields.all('x'))
  const rules = { ...(await rulesFor(t)), checkFields, stallSeconds: 60 }
  const body = [field('x', '1'), `${FILE_BEGIN}\r\n`.repeat(7), field('x', '2'), FILE_BEGIN, END].join('')
  const upload = await receiveUpload(await incoming(t, body, true), rules, new AbortController().signal)
  assert.equal((await filesIn(rules.folder)).length, 8)
  await upload[Symbol.asyncDispose]()
  assert.deepEqual(await filesIn(rules.folder), [])
  assert.equal(checked.length, 1)
})
