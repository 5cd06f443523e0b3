/**
 * A small request costs little. Each row of the table is a request that means harm, sent to each surface that takes such a
 * one: it is answered with the right status, and a refusal with one sentence in the surface's own form; it holds the event
 * loop for no longer than its ceiling, takes no more memory, and leaves no file. A new row needs no more than a body.
 */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type MeasuredService, startMeasuredService } from '../helpers/rigs/measured-service.ts'
import type { Cost } from '../helpers/rigs/process-meter.ts'
import {
  BOUNDARY,
  CHUNKED_POST,
  chunk,
  FORM_TYPE,
  form,
  openSocket,
  type Part,
  partHead,
} from '../helpers/rigs/raw-http.ts'
import { until } from '../helpers/until.ts'

/** What a request may take; a row may say otherwise, and why. */
const CEILINGS: Cost = { heldMs: 100, rssMiB: 64, heapMiB: 2 }
/** What else runs on this machine may hold the loop once or twice; a request that does so holds it each time. */
const TRIES = 5
const LONGEST_SENTENCE = 500

interface Surface {
  /** Name of the recording's part. */
  readonly part: string
  readonly sentenceIn: (body: never) => string
}

const SURFACES = {
  '/transcribe': { part: 'file', sentenceIn: ({ detail }: { detail: string }) => detail },
  '/v1/audio/transcriptions': {
    part: 'file',
    sentenceIn: ({ error }: { error: { message: string } }) => error.message,
  },
  '/v1/audio/detect-language': {
    part: 'file',
    sentenceIn: ({ error }: { error: { message: string } }) => error.message,
  },
  '/asr': { part: 'audio_file', sentenceIn: ({ detail }: { detail: string }) => detail },
  '/inference': { part: 'file', sentenceIn: ({ error }: { error: string }) => error },
} as const satisfies Readonly<Record<string, Surface>>
type Path = keyof typeof SURFACES
const [TRANSCRIBE, OPENAI, ASR, WHISPER_CPP] = [
  '/transcribe',
  '/v1/audio/transcriptions',
  '/asr',
  '/inference',
] as const
const DETECTION = '/v1/audio/detect-language'
/** One of each form. */
const ALL: readonly Path[] = [TRANSCRIBE, OPENAI, ASR, WHISPER_CPP]

interface Row {
  readonly what: string
  /** Where it is sent; by default to all surfaces. */
  readonly to?: readonly Path[]
  readonly query?: string
  readonly type?: string
  /** @param file  a recording, as the surface wants it. */
  readonly body: (file: Part) => Buffer
  /** By default of all surfaces; of those that are named, theirs. */
  readonly status: number | Readonly<Partial<Record<Path, number>>>
  /** What a refusal says. */
  readonly sentence?: RegExp
  readonly ceilings?: Partial<Cost>
}

const MB = 1024 ** 2
const COMMAS = ','.repeat(16_000)
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))
const field = (name: string, content: string): Part => ({ name, content })
const fields = (n: number, name: string, content: string) => times(n, () => field(name, content))
/** Parts as they are, then the file. */
const thenFile = (bytes: string, file: Part) => Buffer.concat([Buffer.from(bytes), form(file)])
/** A part with these headers and no more. */
const headed = (headers: string) => `--${BOUNDARY}\r\n${headers}\r\n\r\n1\r\n`

const TOO_MANY_BYTES = /^The form has more than the allowed 256 kB of fields: send one file, /
const TOO_MANY_PARTS = /^The form has more than the allowed 1000 parts: /
const TOO_MANY_FILES = /^The form has more than the allowed 8 files: /
const NO_FILE = /^(Nenhum arquivo enviado\.|The request holds no file: .*|The request is not a form: .*)$/

const ROWS: readonly Row[] = [
  // ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    what: 'nothing but commas in as many fields as may be, before as many files as may be',
    body: (file) =>
      form(...fields(15, 'keywords[]', COMMAS), ...fields(1, 'suppress_tokens', COMMAS), ...times(8, () => file)),
    status: 200,
  },
  ...['[', '"', "'", '\\"', '" ,', "',\\", '],['].map((mark) => ({
    what: `nothing but ${mark} in a list`,
    to: [OPENAI],
    body: (file: Part) => form(field('keywords', `[${mark.repeat(200_000 / mark.length)}]`), file),
    status: { [OPENAI]: mark.includes(',') ? 400 : 200 },
    sentence: /^Option keywords has .*at most 1000 items\.$/,
  })),
  {
    what: 'nothing but commas, in more fields than may be, among many files',
    to: [OPENAI],
    body: (file) => form(...fields(50, 'keywords', COMMAS), ...times(20, () => file)),
    status: 413,
    sentence: TOO_MANY_BYTES,
  },
  {
    what: 'many files',
    body: (file) => form(...times(900, () => file)),
    status: 413,
    sentence: TOO_MANY_FILES,
  },
  {
    what: 'a list in 999 fields',
    to: [OPENAI],
    body: (file) => form(...times(998, (i) => field(`keywords[${i}]`, 'a')), file),
    status: 200,
  },
  {
    what: 'keywords that are too many',
    to: [OPENAI],
    body: (file) => form(...fields(15, 'keywords', 'a,'.repeat(8000)), file),
    status: 400,
    sentence: /^Option keywords has .*at most 1000 items\.$/,
  },
  {
    what: 'timestamp_granularities[] and include[] that repeat themselves, where they may not be',
    to: [OPENAI],
    body: (file) =>
      form(...fields(400, 'timestamp_granularities[]', 'word'), ...fields(400, 'include[]', 'progress'), file),
    status: 400,
    sentence: /^Option timestamp_granularities has the value 'word', /,
  },
  {
    what: 'a list of speakers',
    to: [OPENAI],
    body: (file) => form(...fields(15, 'known_speaker_references[]', 'data:,'.repeat(2600)), file),
    status: 400,
    sentence: /^Option known_speaker_references has .*1000 items\.$/,
  },
  ...['suppress_tokens', 'temperature'].map(
    (name): Row => ({
      what: `${name} of 8000 items`,
      to: [TRANSCRIBE, OPENAI],
      body: (file) => form(field(name, '1,'.repeat(8000)), file),
      status: 400,
      sentence: new RegExp(`^Option ${name} has `),
    }),
  ),
  {
    what: 'languages of 5000 items, none of which is one',
    to: [TRANSCRIBE, OPENAI, DETECTION],
    body: (file) => form(field('languages', '1a,'.repeat(5000)), file),
    status: 400,
    sentence: /^Option languages has /,
  },
  {
    what: 'a query with lists',
    to: [ASR],
    query: 'language=pt&'.repeat(1200),
    body: form,
    status: 200,
  },
  // ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    what: 'texts of the greatest length',
    to: [TRANSCRIBE, OPENAI],
    body: (file) =>
      form(...['initial_prompt', 'hotwords', 'prefix'].map((name) => field(name, 'ção '.repeat(14_000))), file),
    status: 200,
  },
  {
    what: 'a prompt of 10 MB',
    to: [OPENAI, WHISPER_CPP],
    body: (file) => form(field('prompt', 'x'.repeat(10 * MB)), file),
    status: 413,
    sentence: TOO_MANY_BYTES,
  },
  {
    what: 'a model with a name of 16 kB',
    to: [TRANSCRIBE, OPENAI],
    body: (file) => form(field('model', 'a/'.repeat(8000)), field('model_id', 'a/'.repeat(8000)), file),
    status: { [TRANSCRIBE]: 400, [OPENAI]: 404 },
    sentence: /^Mod/,
  },
  {
    what: 'JSON that is deep, and JSON that is long',
    to: [OPENAI],
    body: (file) => form(field('chunking_strategy', `${'{"a":'.repeat(2600)}1${'}'.repeat(2600)}`), file),
    status: 400,
    sentence: /^Option chunking_strategy has /,
  },
  {
    what: 'members of JSON in many fields',
    to: [OPENAI],
    body: (file) => form(...times(900, (i) => field(`chunking_strategy[m${i}]`, 'x'.repeat(200))), file),
    status: 400,
    sentence: /^Option chunking_strategy has /,
  },
  // ── fields ────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    what: 'one field many times',
    to: [TRANSCRIBE, OPENAI, WHISPER_CPP],
    body: (file) => form(...fields(900, 'language', 'pt'), file),
    status: { [TRANSCRIBE]: 200, [OPENAI]: 400, [WHISPER_CPP]: 200 },
    sentence: /^Option language has the value 'pt, pt, .*: use it once\.$/,
  },
  {
    what: 'fields of 256 kB',
    to: [TRANSCRIBE, WHISPER_CPP],
    body: (file) => form(...fields(17, 'language', 'p'.repeat(16_000)), file),
    status: 413,
    sentence: TOO_MANY_BYTES,
  },
  {
    what: 'unknown fields of 14 MB',
    body: (file) => form(...times(900, (i) => field(`unknown${i}`, 'x'.repeat(16_000))), file),
    status: 200,
  },
  {
    what: 'an unknown field of 20 MB',
    body: (file) => form(field('unknown', 'x'.repeat(20 * MB)), file),
    status: 200,
  },
  {
    what: 'fields with long names that look like lists',
    body: (file) => form(...times(900, () => field(`keywords${'[1'.repeat(5000)}]`, '1')), file),
    status: 200,
  },
  // ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    what: 'many tiny parts',
    body: () => form(...fields(100_000, 'x', '')),
    status: 413,
    sentence: TOO_MANY_PARTS,
  },
  {
    what: 'parts of nothing at all, as many as fit',
    type: 'multipart/form-data; boundary=x',
    body: () => Buffer.from(`--x${'\r\n--x'.repeat(400_000)}--\r\n`),
    status: 413,
    sentence: TOO_MANY_PARTS,
  },
  {
    what: 'parts with many headers',
    body: (file) => thenFile(headed(`${'a:b\r\n'.repeat(12_000)}c:d`).repeat(50), file),
    status: 200,
  },
  {
    what: 'a part with one header of 4 MB',
    body: (file) => thenFile(headed(`content-disposition: form-data; name="${'x'.repeat(4 * MB)}"`), file),
    status: 200,
  },
  {
    what: 'parts whose types have many parameters',
    body: (file) =>
      thenFile(
        headed(`content-disposition: form-data; name="x"\r\ncontent-type: text/plain${'; a="\\"'.repeat(2000)}`).repeat(
          100,
        ),
        file,
      ),
    status: 200,
  },
  {
    what: 'a part without a name, and one without headers',
    body: (file) => thenFile(headed('content-disposition: form-data') + headed('x: y'), file),
    status: 200,
  },
  {
    what: 'a file with a name of 60 kB',
    body: (file) => form({ ...file, fileName: `${'ç'.repeat(30_000)}.wav` }),
    status: 200,
  },
  {
    what: 'a file that looks like the ends of parts',
    body: (file) => form({ ...file, content: `\r\n--${BOUNDARY.slice(0, -1)}`.repeat(400_000) }),
    status: 200,
  },
  {
    what: 'a preamble of 8 MB before a long boundary',
    type: `multipart/form-data; boundary=${'a'.repeat(200)}`,
    body: () => Buffer.alloc(8 * MB, 'a'),
    status: 400,
    sentence: NO_FILE,
  },
  {
    what: 'a boundary that is too long',
    type: `multipart/form-data; boundary=${'a'.repeat(10_000)}`,
    body: () => Buffer.alloc(MB, 'a'),
    status: 400,
    sentence: NO_FILE,
  },
  // ── no forms ──────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    what: 'an urlencoded body of 4 MB',
    type: 'application/x-www-form-urlencoded',
    body: () => Buffer.from('keywords[]=a&'.repeat(300_000)),
    status: { [TRANSCRIBE]: 400, [OPENAI]: 415, [ASR]: 400, [WHISPER_CPP]: 400 },
    sentence: NO_FILE,
  },
  {
    what: 'deep JSON of 4 MB',
    type: 'application/json',
    body: () => Buffer.alloc(4 * MB, '['),
    status: { [TRANSCRIBE]: 400, [OPENAI]: 415, [ASR]: 400, [WHISPER_CPP]: 400 },
    sentence: NO_FILE,
  },
]

let service: MeasuredService
before(async () => {
  service = await startMeasuredService({ DEFAULT_MODEL_ID: 'base' })
})
after(async () => await service[Symbol.asyncDispose]())

async function send(path: Path, { query, type = FORM_TYPE, body }: Row): Promise<{ status: number; text: string }> {
  const file: Part = { name: SURFACES[path].part, fileName: 'a.wav', content: 'RIFF' }
  const url = `${service.baseUrl}${path}${query === undefined ? '' : `?${query}`}`
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: body(file) })
  return { status: answer.status, text: await answer.text() }
}

/** True where the cost is within the ceilings. */
function isCheap(cost: Cost, ceilings: Cost): boolean {
  return (Object.keys(ceilings) as (keyof Cost)[]).every((name) => cost[name] <= ceilings[name])
}

function assertRefusal(path: Path, text: string, expected: RegExp | undefined): void {
  const sentence = SURFACES[path].sentenceIn(JSON.parse(text) as never) // what a surface writes, it reads
  assert.ok(sentence.length <= LONGEST_SENTENCE, `${sentence.length} characters: ${sentence.slice(0, 200)}…`)
  assert.match(sentence, expected ?? /^$/)
}

for (const path of Object.keys(SURFACES) as Path[]) {
  describe(`POST ${path} is not hurt by`, () => {
    for (const row of ROWS.filter(({ to = ALL }) => to.includes(path))) {
      test(row.what, async () => {
        const expected = typeof row.status === 'number' ? row.status : row.status[path]
        const ceilings = { ...CEILINGS, ...row.ceilings }
        const costs: Cost[] = []
        for (let i = 0; i < TRIES && !costs.some((cost) => isCheap(cost, ceilings)); i++) {
          const [{ status, text }, cost] = await service.measure(() => send(path, row))
          costs.push(cost)
          assert.equal(status, expected, text.slice(0, 1000))
          if (status >= 400) assertRefusal(path, text, row.sentence)
          assert.deepEqual(await service.uploads(), [])
        }
        assert.ok(
          costs.some((cost) => isCheap(cost, ceilings)),
          `costs ${JSON.stringify(costs)}`,
        )
      })
    }
  })
}

for (const path of ['/livez', '/metrics', '/openapi.json', '/nothing', '/transcribe']) {
  test(`thousands of requests for ${path} in one piece are not answered all at once`, async () => {
    const method = path === TRANSCRIBE ? 'POST' : 'GET'
    const requests = `${method} ${path} HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(10_000)
    const costs: Cost[] = []
    for (let i = 0; i < TRIES && !costs.some((cost) => isCheap(cost, CEILINGS)); i++) {
      const [, cost] = await service.measure(async () => {
        const socket = await openSocket(service.port)
        socket.on('end', () => socket.destroy()).resume()
        socket.write(requests)
        await new Promise((resolve) => socket.once('close', resolve)) // a reset, mostly
      })
      costs.push(cost)
    }
    assert.ok(
      costs.some((cost) => isCheap(cost, CEILINGS)),
      `costs ${JSON.stringify(costs)}`,
    )
  })
}

test('a few requests in one piece are answered in their order', async () => {
  const socket = await openSocket(service.port)
  const paths = ['/livez', '/nothing', '/livez', '/readyz']
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''))
  let answers = ''
  socket.on('data', (bytes) => {
    answers += bytes.toString()
  })
  const statuses = () => Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)
  await until(() => statuses().length === paths.length)
  assert.deepEqual(statuses(), ['200', '404', '200', '200'])
  socket.destroy()
})

test('forms that never end keep no more of their fields than one may have', async () => {
  const known = fields(15, 'suppress_tokens', COMMAS)
  const unknown = fields(60, 'unknown', 'x'.repeat(16_000))
  const begun = form(...known, ...unknown).subarray(0, -`--${BOUNDARY}--\r\n`.length)
  const N_FORMS = 30
  const [sockets, { heapMiB }] = await service.measure(async () => {
    const sockets = await Promise.all(times(N_FORMS, () => openSocket(service.port)))
    for (const socket of sockets) {
      socket.write(CHUNKED_POST)
      socket.write(chunk(Buffer.concat([begun, Buffer.from(`${partHead({ name: 'other', fileName: 'a' })}x`)])))
      socket.write(chunk(`\r\n${partHead({ name: 'file', fileName: 'a.wav' })}RIFF`))
    }
    await until(
      async () => (await service.uploads()).length === N_FORMS || sockets.some(({ bytesRead }) => bytesRead > 0),
    )
    return sockets
  })
  assert.deepEqual(sockets.map(({ bytesRead }) => bytesRead).filter(Boolean), [])
  for (const socket of sockets) socket.destroy()
  assert.ok(heapMiB < N_FORMS * 0.4, `${heapMiB} MiB for ${N_FORMS} forms`)
  await until(async () => (await service.uploads()).length === 0)
})
