/** The statuses in docs/errors.md, compared with those that the service sends. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type ErrorCode, RemoteError } from '../../src/errors/index.ts'
import { FORM_TYPE, form } from '../helpers/raw-http.ts'
import { scriptedTranscriber } from '../helpers/scripted-transcriber.ts'
import { startService } from '../helpers/service.ts'

const table = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const rows = Array.from(table.matchAll(/^\| `(ASR_\w+)` \| (\d+) \|/gm), ([, code, status]) => ({
  code: code as ErrorCode, // by the pattern
  status: Number(status),
}))

test('each failure is answered with the status that docs/errors.md gives its code', async (t) => {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber })
  t.after(() => service.close())

  const found = new Map<ErrorCode, number>()
  for (const { code } of rows) {
    const failure = { name: 'AsrError', code, kind: 'invalid', message: 'It failed.', remedy: 'Do something.' } as const
    transcriber.script = () => Promise.reject(new RemoteError(failure))
    const response = await fetch(`${service.baseUrl}/transcribe`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: form({ name: 'file', fileName: 'nota.ogg', content: 'bom dia' }),
    })
    const { detail } = (await response.json()) as { detail: string }
    assert.equal(detail.startsWith('Erro no processamento de áudio: '), response.status === 500, code)
    found.set(code, response.status)
  }
  assert.ok(rows.length > 0)
  assert.deepEqual(found, new Map(rows.map(({ code, status }) => [code, status])))
})
