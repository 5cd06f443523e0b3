/** What the caller should know of an answer reaches every caller: in the answer where it has room, else in a header. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Transcription } from '../../src/transcript/index.ts'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form, type Part } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'

const CUT = 'The recording is cut off or damaged; what can be read of it was used.'
const HEADER = 'x-paradox-warnings'

async function start(t: TestContext, warnings: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const spoken: Transcription = { ...transcriptionOf([spokenSegment(' Bom dia.', 0.5)]), warnings }
  const transcriber = scriptedTranscriber()
  transcriber.script = async (request) => {
    request.onSegments?.(spoken.segments)
    return spoken
  }
  const service = await startService({ transcriber, env: { DEFAULT_MODEL_ID: 'base', ...env } })
  t.after(() => service.close())
  return async (path: string, fields: Readonly<Record<string, string>> = {}, headers: Record<string, string> = {}) => {
    const name = path.startsWith('/asr') ? 'audio_file' : 'file'
    const parts: Part[] = Object.entries(fields).map(([name, content]) => ({ name, content }))
    const body = form(...parts, { name, fileName: 'nota.ogg', content: 'bom dia' })
    const response = await fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE, ...headers },
      body,
    })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return { header: response.headers.get(HEADER), headers: response.headers, text }
  }
}

const ANSWERS: readonly (readonly [path: string, fields?: Readonly<Record<string, string>>])[] = [
  ['/transcribe'],
  ...['text', 'srt', 'vtt', 'tsv', 'verbose_json'].map(
    (response_format) => ['/transcribe', { response_format }] as const,
  ),
  ...['json', 'text', 'srt', 'vtt', 'verbose_json'].map(
    (response_format) => ['/v1/audio/transcriptions', { response_format }] as const,
  ),
  ['/v1/audio/translations'],
  ...['txt', 'srt', 'json'].map((output) => [`/asr?output=${output}`] as const),
  ...['json', 'text', 'verbose_json'].map((response_format) => ['/inference', { response_format }] as const),
]

test('each answer has its warnings in a header', async (t) => {
  const send = await start(t, [CUT, 'Another.'])
  for (const [path, fields] of ANSWERS) {
    const { header } = await send(path, fields)
    assert.deepEqual(JSON.parse(header ?? 'null'), [CUT, 'Another.'], `${path} ${JSON.stringify(fields)}`)
  }
})

test('verbose_json has them in itself too, and an answer whose form has no room is as it was', async (t) => {
  const send = await start(t, [CUT])
  for (const path of ['/transcribe', '/v1/audio/transcriptions']) {
    const { text } = await send(path, { response_format: 'verbose_json' })
    assert.deepEqual(JSON.parse(text).warnings, [CUT])
  }
  assert.deepEqual(Object.keys(JSON.parse((await send('/transcribe')).text)), [
    'status',
    'model_used',
    'processing_time_sec',
    'transcription',
  ])
  assert.equal((await send('/v1/audio/transcriptions', { response_format: 'text' })).text, 'Bom dia.\n')
})

test('the last event of a stream has them, since its head has gone before they were known', async (t) => {
  for (const warnings of [[CUT], []]) {
    const send = await start(t, warnings)
    for (const response_format of ['json', 'verbose_json']) {
      const { text } = await send('/v1/audio/transcriptions', { stream: 'true', response_format })
      const events = Array.from(text.matchAll(/^data: (\{.*)$/gm), ([, data]) => JSON.parse(data!))
      const done = events.find(({ type }) => type === 'transcript.text.done')
      const expected = warnings.length > 0 || response_format === 'verbose_json' ? warnings : undefined
      assert.deepEqual(done.warnings, expected, response_format)
    }
  }
})

test('an answer without warnings has no such header', async (t) => {
  const send = await start(t, [])
  for (const [path, fields] of ANSWERS) assert.equal((await send(path, fields)).header, null, path)
})

test('the header is ASCII, of a size that proxies let pass, and browsers may read it', async (t) => {
  const origin = 'https://app.example.org'
  const letters = await start(t, ['não é “assim”\n🎧'], { CORS_ORIGINS: origin })
  const { header, headers } = await letters('/transcribe', {}, { origin })
  assert.match(header ?? '', /^[\x20-\x7e]+$/)
  assert.deepEqual(JSON.parse(header!), ['não é “assim”\n🎧'])
  assert.ok(headers.get('access-control-expose-headers')?.includes(HEADER))

  const many = await start(
    t,
    Array.from({ length: 200 }, (_, i) => `${i}: ${CUT}`),
  )
  const told = (await many('/transcribe')).header!
  assert.ok(told.length <= 2048)
  assert.equal(JSON.parse(told)[0], `0: ${CUT}`)

  const long = await start(t, ['é'.repeat(2048)])
  assert.equal((await long('/transcribe')).header, null)
})
