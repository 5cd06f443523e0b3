/**
 * Requests as programs of others write them, byte by byte, by what their sources say: path, headers, order and form of the
 * fields, names of files. Each has to be answered with what that program reads. docs/clients.md has a row for each, with the
 * version that was looked at.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { TranscribeRequest } from '../../src/engine/transcriber.ts'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { type ScriptedTranscriber, scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'

const AUDIO = 'RIFF: what the scripted engines do not hear'
const SPOKEN = transcriptionOf([{ ...spokenSegment(' Bom dia.', 0.5), logprobs: [] }], {
  durationSeconds: 2.25,
  languageProbability: 0.99,
})

// ── forms as libraries write them ───────────────────────────────────────────────────────────────────────────────────────

/** A part: the lines of its head, and its content. */
type Part = readonly [head: readonly string[], content: string]

const disposition = (name: string, fileName?: string) =>
  `Content-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}`

/** Python's requests and httpx, browsers, undici, Go: a field has a name and nothing else. */
const field = (name: string, content: string): Part => [[disposition(name)], content]

/** Python's requests gives a file no type where its caller gives none. */
const untypedFile = (name: string, fileName: string): Part => [[disposition(name, fileName)], AUDIO]

const file = (fileName: string, type = 'application/octet-stream', name = 'file'): Part => [
  [disposition(name, fileName), `Content-Type: ${type}`],
  AUDIO,
]

/** OpenAI's library for Java gives each field a type. */
const typedField = (name: string, content: string): Part => [
  [disposition(name), 'Content-Type: text/plain; charset=utf-8'],
  content,
]

/** Guzzle of PHP gives each part its length. */
const guzzlePart = (name: string, content: string, fileName?: string): Part => [
  [
    disposition(name, fileName),
    `Content-Length: ${content.length}`,
    ...(fileName === undefined ? [] : ['Content-Type: audio/mpeg']),
  ],
  content,
]

function multipart(boundary: string, parts: readonly Part[]): string {
  const written = parts.map(([head, content]) => `--${boundary}\r\n${head.join('\r\n')}\r\n\r\n${content}\r\n`)
  return `${written.join('')}--${boundary}--\r\n`
}

const BOUNDARIES = {
  requests: '8f0e1a2b3c4d5e6f708192a3b4c5d6e7',
  browser: '----WebKitFormBoundaryhKz3Q9uGJpVvV7Ya',
  undici: '----formdata-undici-031941588467',
  formData: '--------------------------735323031399963166993862',
  java: '2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d',
  go: '3a1c7f0f8a2b4d5e9c6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b',
  guzzle: '5d41402abc4b2a76b9719d911017c592aa0b1c2d',
  swift: 'Boundary-E621E1F8-C36C-495A-93FC-0C247A3E6E5F',
  curl: '------------------------d74496d66958873e',
} as const

// ── the programs ────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Client {
  /** As docs/clients.md calls it. */
  readonly name: string
  /** With its base URL set as docs/clients.md says; by default OpenAI's transcriptions. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly boundary: string
  readonly parts: readonly Part[]
  readonly asked: Partial<Pick<TranscribeRequest, 'modelId' | 'language' | 'options'>>
  /** Keys of the answer that it reads, `a.0.b` for those further in; a pattern where the answer is no JSON. */
  readonly reads: readonly string[] | RegExp
}

const TRANSCRIBE = { task: 'transcribe' } as const
const WORDS = { ...TRANSCRIBE, wordTimestamps: true }
const SEGMENT = ['segments.0.id', 'segments.0.start', 'segments.0.end', 'segments.0.text']

const CLIENTS: readonly Client[] = [
  {
    name: 'OpenAI for Python',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'whisper-1'),
      field('response_format', 'verbose_json'),
      field('timestamp_granularities[]', 'word'),
      field('timestamp_granularities[]', 'segment'),
      file('audio.mp3', 'audio/mpeg'),
    ],
    asked: { modelId: 'whisper-1', language: undefined, options: WORDS },
    reads: ['text', 'language', 'duration', 'words.0.word', 'words.0.start', 'words.0.end', ...SEGMENT],
  },
  {
    name: 'OpenAI for JavaScript',
    boundary: BOUNDARIES.undici,
    parts: [file('audio.webm'), field('model', 'gpt-4o-transcribe'), field('include[]', 'logprobs')],
    asked: { modelId: 'gpt-4o-transcribe', options: { ...TRANSCRIBE, logprobs: true } },
    reads: ['text', 'logprobs', 'usage.type'],
  },
  {
    name: 'OpenAI for Go',
    boundary: BOUNDARIES.go,
    parts: [
      file('anonymous_file'),
      field('language', 'pt'),
      field('model', 'whisper-1'),
      field('response_format', 'verbose_json'),
      field('temperature', '0.2'),
      field('timestamp_granularities[]', 'word'),
    ],
    asked: { language: 'pt', options: { ...WORDS, temperature: [0.2] } },
    reads: ['text'],
  },
  {
    name: 'OpenAI for Java',
    boundary: BOUNDARIES.java,
    parts: [
      file('audio.wav'),
      typedField('model', 'whisper-1'),
      typedField('response_format', 'verbose_json'),
      typedField('timestamp_granularities[]', 'segment'),
    ],
    asked: { modelId: 'whisper-1', options: TRANSCRIBE },
    reads: ['text', 'duration', 'language', ...SEGMENT],
  },
  {
    name: "Vercel's AI SDK",
    boundary: BOUNDARIES.undici,
    parts: [
      field('model', 'gpt-4o-transcribe'),
      file('audio.wav', 'audio/wav'),
      field('language', 'pt'),
      field('response_format', 'json'),
      field('temperature', '0'),
      field('timestamp_granularities[]', 'segment'),
    ],
    asked: { language: 'pt', options: TRANSCRIBE },
    reads: ['text'],
  },
  {
    name: 'LiteLLM',
    boundary: BOUNDARIES.requests,
    parts: [field('model', 'whisper-1'), field('response_format', 'verbose_json'), file('audio.wav', 'audio/wav')],
    asked: { options: TRANSCRIBE },
    reads: ['text', 'duration', 'language'],
  },
  {
    name: 'LangChain for Python',
    boundary: BOUNDARIES.requests,
    parts: [field('model', 'whisper-1'), file('podcast.m4a_part_0.mp3', 'audio/mpeg')],
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
  {
    name: 'LangChain for JavaScript',
    boundary: BOUNDARIES.undici,
    parts: [file('audio/mp3'), field('model', 'whisper-1')], // of a Blob its type is the file's name
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
  {
    name: 'n8n',
    boundary: BOUNDARIES.formData,
    parts: [
      field('model', 'whisper-1'),
      field('language', 'pt'),
      field('temperature', '0.4'),
      file('data.ogg', 'audio/ogg'),
    ],
    asked: { language: 'pt', options: { ...TRANSCRIBE, temperature: [0.4] } },
    reads: ['text'],
  },
  {
    name: 'n8n, HTTP Request',
    boundary: BOUNDARIES.formData,
    parts: [
      field('model', 'whisper-1'),
      field('response_format', 'verbose_json'),
      field('timestamp_granularities', '["word","segment"]'),
      field('keywords', '["Dashwood","Norland"]'),
      file('data', 'audio/mpeg'),
    ],
    asked: { options: { ...WORDS, hotwords: 'Dashwood, Norland' } },
    reads: ['text', 'words.0.word', ...SEGMENT],
  },
  {
    name: 'Dify',
    boundary: BOUNDARIES.requests,
    parts: [field('model', 'whisper-1'), untypedFile('file', 'tmp8x3k2j1q.mp3')],
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
  {
    name: 'Open WebUI',
    headers: { 'X-OpenWebUI-User-Name': 'Ana%20Souza' },
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'whisper-1'),
      field('language', 'pt'),
      untypedFile('file', '1c5f7c0e-7d0d-4a53-8a2b-3a0a8e0f5f0e.mp3'),
    ],
    asked: { language: 'pt', options: TRANSCRIBE },
    reads: ['text'],
  },
  {
    name: 'LibreChat',
    boundary: `${BOUNDARIES.formData}`,
    parts: [file('audio.webm', 'audio/webm'), field('model', 'whisper-1'), field('language', 'pt')],
    asked: { language: 'pt' },
    reads: ['text'],
  },
  {
    name: 'LobeChat',
    headers: { Accept: '*/*' },
    boundary: BOUNDARIES.undici,
    parts: [file('1764600000000.webm', 'audio/webm'), field('model', 'whisper-1')],
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
  {
    name: 'Flowise',
    boundary: BOUNDARIES.undici,
    parts: [
      file('audio.wav'),
      field('model', 'whisper-1'),
      field('language', 'pt'),
      field('temperature', '0.2'),
      field('prompt', 'Norland'),
    ],
    asked: { options: { ...TRANSCRIBE, temperature: [0.2], initialPrompt: 'Norland' } },
    reads: ['text'],
  },
  {
    name: 'Nextcloud',
    boundary: BOUNDARIES.guzzle,
    parts: [
      guzzlePart('model', 'whisper-1'),
      guzzlePart('file', AUDIO, 'file.mp3'),
      guzzlePart('response_format', 'verbose_json'),
    ],
    asked: { modelId: 'whisper-1', options: TRANSCRIBE },
    reads: ['text', 'segments.0.end'],
  },
  {
    name: 'Nextcloud, translation',
    path: '/v1/audio/translations',
    boundary: BOUNDARIES.guzzle,
    parts: [
      guzzlePart('model', 'whisper-1'),
      guzzlePart('file', AUDIO, 'file.mp3'),
      guzzlePart('response_format', 'verbose_json'),
    ],
    asked: { options: { task: 'translate' } },
    reads: ['text', 'segments.0.end'],
  },
  {
    name: 'wyoming_openai',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'whisper-1'),
      field('response_format', 'json'),
      field('stream', 'false'),
      file('recording.wav', 'audio/x-wav'),
    ],
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
  {
    name: 'wyoming_openai, streamed',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'gpt-4o-transcribe'),
      field('response_format', 'json'),
      field('stream', 'true'),
      file('recording.wav', 'audio/x-wav'),
    ],
    asked: { modelId: 'gpt-4o-transcribe' },
    reads: /data: \{"type":"transcript\.text\.delta","delta":"Bom dia\.".*data: \[DONE\]/s,
  },
  {
    name: 'openai_stt for Home Assistant',
    boundary: BOUNDARIES.requests,
    parts: [
      file('whisper_audio.wav', 'audio/wav'),
      field('model', 'gpt-4o-mini-transcribe'),
      field('language', 'pt'),
      field('prompt', ''),
      field('temperature', '0'),
      field('response_format', 'json'),
    ],
    asked: { modelId: 'gpt-4o-mini-transcribe', language: 'pt', options: TRANSCRIBE },
    reads: ['text'],
  },
  {
    name: 'wyoming-whisper-api-client',
    path: '/inference?temperature=0.0&temperature_inc=0.2&response_format=json',
    boundary: BOUNDARIES.requests,
    parts: [file('upload')],
    asked: { modelId: 'base', options: TRANSCRIBE },
    reads: ['text'],
  },
  {
    name: 'Bazarr',
    path: '/asr?task=transcribe&language=pt&output=srt&encode=false',
    boundary: BOUNDARIES.requests,
    parts: [untypedFile('audio_file', 'audio_file')],
    asked: { language: 'pt', options: { ...TRANSCRIBE, wordTimestamps: true } },
    reads: /^1\n00:00:00,500 --> 00:00:01,700\nBom dia\./,
  },
  {
    name: 'Bazarr, detection',
    path: '/detect-language?encode=false',
    boundary: BOUNDARIES.requests,
    parts: [untypedFile('audio_file', 'audio_file')],
    asked: {},
    reads: ['detected_language', 'language_code'],
  },
  {
    name: 'Speakr',
    boundary: BOUNDARIES.requests,
    headers: { 'HTTP-Referer': 'https://github.com/murtaza-nasir/speakr', 'X-Title': 'Speakr' },
    parts: [
      field('model', 'whisper-1'),
      field('language', 'pt'),
      field('prompt', `Reunião de equipe. ${'Norland, '.repeat(700)}`),
      field('temperature', '0.0'),
      file('meeting.mp3', 'audio/mpeg'),
    ],
    asked: { language: 'pt' },
    reads: ['text'],
  },
  {
    name: 'Speakr, ASR endpoint',
    path: '/asr?encode=true&task=transcribe&output=json&language=pt&diarize=false&enable_diarization=false',
    boundary: BOUNDARIES.requests,
    parts: [file('meeting.webm', 'video/webm', 'audio_file')],
    asked: { language: 'pt' },
    reads: ['text', 'language', 'segments.0.text', 'segments.0.start', 'segments.0.end'],
  },
  {
    name: 'Buzz',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'whisper-1'),
      field('response_format', 'verbose_json'),
      field('prompt', ''),
      field('timestamp_granularities[]', 'word'),
      field('language', 'pt'),
      file('tmpd0g4m8y2.mp3', 'audio/mpeg'),
    ],
    asked: { language: 'pt', options: WORDS },
    reads: ['words.0.word', 'words.0.start', 'words.0.end'],
  },
  {
    name: 'VoiceInk',
    boundary: BOUNDARIES.swift,
    parts: [
      file('C1D2E3F4.wav', 'audio/wav'),
      field('model', 'whisper-1'),
      field('language', 'pt'),
      field('prompt', 'Olá, tudo bem?'),
      field('response_format', 'json'),
      field('temperature', '0'),
    ],
    asked: { language: 'pt', options: { ...TRANSCRIBE, initialPrompt: 'Olá, tudo bem?' } },
    reads: ['text'],
  },
  {
    name: 'voxtype',
    boundary: '----VoxtypeBoundary1764600000000000000',
    parts: [
      file('audio.wav', 'audio/wav'),
      field('model', 'whisper-1'),
      field('language', 'auto'),
      field('response_format', 'json'),
    ],
    asked: { modelId: 'whisper-1', options: TRANSCRIBE },
    reads: ['text'],
  },
  {
    name: 'Whisper for Obsidian',
    boundary: BOUNDARIES.browser,
    parts: [
      file('2026-12-01T10-00-00.webm', 'audio/webm;codecs=opus'),
      field('model', 'whisper-1'),
      field('language', ''),
    ],
    asked: { language: undefined },
    reads: ['text'],
  },
  {
    name: 'Pipecat',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'gpt-4o-transcribe'),
      field('language', 'pt'),
      field('response_format', 'json'),
      field('include[]', 'logprobs'),
      file('audio.wav', 'audio/wav'),
    ],
    asked: { language: 'pt', options: { ...TRANSCRIBE, logprobs: true } },
    reads: ['text', 'logprobs'],
  },
  {
    name: 'LiveKit Agents',
    boundary: BOUNDARIES.requests,
    parts: [
      field('model', 'whisper-1'),
      field('language', ''),
      field('response_format', 'verbose_json'),
      file('file.wav', 'audio/wav'),
    ],
    asked: { language: undefined, options: TRANSCRIBE },
    reads: ['text', 'language'],
  },
  {
    name: 'curl',
    boundary: BOUNDARIES.curl,
    parts: [file('clip.wav', 'audio/wav'), field('model', 'whisper-1')],
    asked: { modelId: 'whisper-1' },
    reads: ['text'],
  },
]

// ── what they meet ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** OpenAI's names stand for the default model, as src/models/registry.test.ts has it. */
const MODELS = ['base', 'whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe']

describe('programs of others', () => {
  let service: RunningService
  let transcriber: ScriptedTranscriber

  before(async () => {
    transcriber = scriptedTranscriber(MODELS)
    const env = { DEFAULT_MODEL_ID: 'base', API_KEYS: 'a-key-of-these-tests' }
    service = await startService({ transcriber, env })
  })
  after(() => service.close())
  beforeEach(() => {
    transcriber.requests.length = 0
    transcriber.script = async (request) => {
      request.onSegments?.(SPOKEN.segments)
      return SPOKEN
    }
  })

  const authorization = 'Bearer a-key-of-these-tests'

  async function send(path: string, { boundary, parts, headers }: Pick<Client, 'boundary' | 'parts' | 'headers'>) {
    const response = await fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
      body: multipart(boundary, parts),
    })
    return { status: response.status, body: await response.text() }
  }

  for (const client of CLIENTS) {
    const { name, path = '/v1/audio/transcriptions', asked, reads } = client
    test(`${name} gets what it reads`, async () => {
      const { status, body } = await send(path, client)
      assert.equal(status, 200, body)
      if (reads instanceof RegExp) assert.match(body, reads)
      else for (const key of reads) assert.notEqual(valueAt(JSON.parse(body), key), undefined, `${key} of ${body}`)
      const request = transcriber.requests.at(-1)
      for (const [member, expected] of Object.entries(asked)) {
        assert.deepEqual(request?.[member as keyof Client['asked']], expected, member)
      }
    })
  }

  test('the list of models, by which settings pages try a key, is where they look for it', async () => {
    const response = await fetch(`${service.baseUrl}/v1/models`, {
      headers: { authorization, 'content-type': 'application/json' }, // Nextcloud's, without a body
    })
    assert.equal(response.status, 200)
    const { data } = (await response.json()) as { data: { id: string; object: string }[] }
    assert.ok(data.some(({ id, object }) => id === 'base' && object === 'model'))
  })

  // ── base URLs that are nearly right ───────────────────────────────────────────────────────────────────────────────────

  const upload = { boundary: BOUNDARIES.curl, parts: [file('clip.wav', 'audio/wav'), field('model', 'whisper-1')] }

  for (const path of [
    '/v1/audio/transcriptions/',
    '//v1/audio/transcriptions',
    '/v1//audio/transcriptions',
    '/v1/audio//transcriptions//',
    '/v1/audio/transcriptions?api-version=2024-06-01',
  ]) {
    test(`${path} is served`, async () => assert.equal((await send(path, upload)).status, 200))
  }

  const MEANT = {
    '/audio/transcriptions': '/v1/audio/transcriptions',
    '/v1/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/v1/audio/transcriptions/audio/transcriptions': '/v1/audio/transcriptions',
    '/v1/audio/transcriptions/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/v1': '/v1/audio/transcriptions',
    '/v1/audio': '/v1/audio/transcriptions',
    '/audio': '/v1/audio/transcriptions',
    '/v1/transcriptions': '/v1/audio/transcriptions',
    '/v1/audio/transcription': '/v1/audio/transcriptions',
    '/v1/audio/transcribe': '/v1/audio/transcriptions',
    '/api/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/api/audio/transcriptions': '/v1/audio/transcriptions',
    '/openai/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/openai/deployments/whisper/audio/transcriptions?api-version=2024-06-01': '/v1/audio/transcriptions',
    '/asr/audio/transcriptions': '/v1/audio/transcriptions',
    '/inference/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/transcribe/v1/audio/transcriptions': '/v1/audio/transcriptions',
    '/V1/Audio/Transcriptions': '/v1/audio/transcriptions',
    '/v1/audio/transcriptions%20': '/v1/audio/transcriptions',
    '/v1%20/audio/transcriptions': '/v1/audio/transcriptions',
    '/audio/translations': '/v1/audio/translations',
    '/v1/v1/audio/translations': '/v1/audio/translations',
    '/audio/detect-language': '/v1/audio/detect-language',
    '/v1/detect-language': '/v1/audio/detect-language',
    '/asr/asr': '/asr',
    '/v1/asr': '/asr',
    '/asr/detect-language': '/detect-language',
    '/v1/inference': '/inference',
    '/inference/inference': '/inference',
  }

  for (const [path, meant] of Object.entries(MEANT)) {
    test(`${path} is told ${meant}`, async () => {
      const { status, body } = await send(path, upload)
      assert.equal(status, 404)
      const sentence = sentenceOf(body)
      assert.ok(sentence.startsWith('There is no POST /') && sentence.includes(`: the address is ${meant}. `), body)
      if (meant.startsWith('/v1')) assert.ok(JSON.parse(body).error.message, body)
      assert.deepEqual(transcriber.requests, [])
    })
  }

  for (const path of ['/models', '/v1/v1/models', '/api/v1/models', '/v1/audio/transcriptions/models', '/api/tags']) {
    test(`GET ${path} is told /v1/models`, async () => {
      const response = await fetch(`${service.baseUrl}${path}`, { headers: { authorization } })
      const { error } = (await response.json()) as { error: { message: string; type: string } }
      assert.deepEqual([response.status, error.type], [404, 'invalid_request_error'])
      assert.match(
        error.message,
        /: the address is \/v1\/models\. The base URL of OpenAI's clients ends with one \/v1, /,
      )
    })
  }

  test('a base URL that is the page alone is told where recordings go', async () => {
    const { status, body } = await send('/', upload)
    assert.ok([404, 405].includes(status)) // by whether there is a page
    assert.match(sentenceOf(body), /: the address is \/v1\/audio\/transcriptions\. /)
  })

  test('what OpenAI has and this service has not is answered in the form of OpenAI, with what there is', async () => {
    for (const path of [
      '/v1/chat/completions',
      '/chat/completions',
      '/v1/audio/speech',
      '/audio/speech',
      '/v1/realtime',
    ]) {
      const { status, body } = await send(path, upload)
      assert.equal(status, 404)
      assert.match(sentenceOf(body), /^There is no POST \/\S+ here: this service has .* \/v1\/audio\/transcriptions /)
    }
  })

  test('a wrong method is told the right one', async () => {
    for (const path of [
      '/v1/audio/transcriptions',
      '/v1/audio/translations',
      '/asr',
      '/detect-language',
      '/inference',
    ]) {
      const response = await fetch(`${service.baseUrl}${path}`, { headers: { authorization } })
      assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST'])
      assert.equal(sentenceOf(await response.text()), `There is no GET ${path} here: use POST.`)
    }
  })

  test('a missing key is told in the form that the client reads, also at a wrong address', async () => {
    for (const path of ['/audio/transcriptions', '/v1/v1/models']) {
      const response = await fetch(`${service.baseUrl}${path}`, { method: 'POST' })
      const { error } = (await response.json()) as { error: { code: string } }
      assert.deepEqual([response.status, error.code], [401, 'invalid_api_key'])
    }
  })
})

test('docs/clients.md has a row for each of these programs, and no other', () => {
  const text = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8')
  const [table = ''] = text.split('## Programs', 2)[1]!.split('\n## ')
  const documented = Array.from(table.matchAll(/^\| ([^|]+?) \|/gm), ([, name]) => name!).slice(2)
  const tested = new Set(CLIENTS.map(({ name }) => name.split(',', 1)[0]!))
  assert.deepEqual(documented.sort(), [...tested].sort())
})

function sentenceOf(body: string): string {
  const { error, detail } = JSON.parse(body) as { error?: string | { message: string }; detail?: string }
  return (typeof error === 'object' ? error.message : error) ?? detail ?? ''
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
}
