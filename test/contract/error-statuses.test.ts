/** The statuses in docs/errors.md, compared with those that the service sends. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type ErrorCode, RemoteError } from '../../src/errors/index.ts'
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
