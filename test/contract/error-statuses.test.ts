/** The statuses in docs/errors.md, compared with those that the service sends. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type ErrorCode, ModelLoadError, RemoteError } from '../../src/errors/index.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'

const table = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const rows = Array.from(table.matchAll(/^\| `(ASR_\w+)` \| (\d+) \| (\d+) \|/gm), ([, code, status, newerStatus]) => ({
  code: code as ErrorCode, // by the pattern
  statuses: [Number(status), Number(newerStatus)],
}))

test('each failure is answered with the status that docs/errors.md gives its code', async (t) => {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber })
  t.after(() => service.close())

  const post = async (path: string) => {
    const response = await fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: form({ name: 'file', fileName: 'nota.ogg', content: 'bom dia' }),
    })
    return { status: response.status, body: (await response.json()) as { detail: string; error: { code: string } } }
  }
  const found = new Map<ErrorCode, readonly number[]>()
  for (const { code } of rows) {
    const failure = { name: 'AsrError', code, message: 'It failed.', remedy: 'Do something.' } as const
    transcriber.script = () => Promise.reject(new RemoteError(failure))
    const [first, newer] = [await post('/transcribe'), await post('/v1/audio/transcriptions')]
    assert.equal(first.body.detail.startsWith('Erro no processamento de áudio: '), first.status === 500, code)
    assert.match(newer.body.error.code, /^[a-z_]+$/)
    found.set(code, [first.status, newer.status])
  }
  assert.ok(rows.length > 0)
  assert.deepEqual(found, new Map(rows.map(({ code, statuses }) => [code, statuses])))
})

test('a model whose checkpoint cannot be compiled is not asked for again and again', async (t) => {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber })
  t.after(() => service.close())
  const post = async (code: ErrorCode) => {
    const reason = new RemoteError({ name: 'AsrError', code, message: 'It failed.', remedy: 'Do something.' })
    transcriber.script = () => Promise.reject(new ModelLoadError('mine', reason, 5))
    return await fetch(`${service.baseUrl}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: form({ name: 'file', fileName: 'nota.ogg', content: 'bom dia' }),
    })
  }
  const foreign = await post('ASR_CHECKPOINT_UNSUPPORTED')
  assert.equal(foreign.status, 500)
  assert.equal(foreign.headers.get('x-should-retry'), 'false')
  const { error } = (await foreign.json()) as { error: { code: string; message: string } }
  assert.equal(error.code, 'model_load_failed')
  assert.match(error.message, /It failed/)
  const other = await post('ASR_HUB_UNREACHABLE')
  assert.equal(other.status, 503)
  assert.equal(other.headers.get('x-should-retry'), null)
})
