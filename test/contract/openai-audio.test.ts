/** `/v1/audio/*` as OpenAI's contract has it, with answers that the test writes; test/sdk has the official clients. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TranscribeRequest } from '../../src/engine/transcriber.ts'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { FORM_TYPE, form, type Part } from '../helpers/rigs/raw-http.ts'
import { scriptedSuite } from '../helpers/rigs/scripted-suite.ts'

const FILE: Part = { name: 'file', fileName: 'nota.ogg', content: 'bom dia' }
const TRANSCRIPTIONS = '/v1/audio/transcriptions'

const LOGPROBS = [
  { token: ' Bom', bytes: [32, 66, 111, 109], logprob: -0.1 },
  { token: ' dia.', bytes: [32, 100, 105, 97, 46], logprob: -0.2 },
]
const FIRST = { ...spokenSegment(' Bom dia.', 0.5), logprobs: LOGPROBS }
const SECOND = { ...spokenSegment(' Boa noite.', 4), logprobs: [] }
const SPOKEN = transcriptionOf([FIRST, SECOND], { durationSeconds: 5.25, languageProbability: 0.99 })

/** Pairs, since names may come more than once. */
type Fields = readonly (readonly [name: string, content: string])[]

describe("OpenAI's audio routes", () => {
  const suite = scriptedSuite(
    async (request) => {
      for (const segment of SPOKEN.segments) request.onSegments?.([segment])
      return SPOKEN
    },
    { DEFAULT_MODEL_ID: 'base' },
  )
  const { transcriber } = suite

  async function post(fields: Fields = [], path = TRANSCRIPTIONS, parts: readonly Part[] = [FILE]) {
    const response = await fetch(`${suite.service.baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: form(...fields.map(([name, content]) => ({ name, content })), ...parts),
    })
    const body = await response.text()
    return { status: response.status, type: response.headers.get('content-type'), headers: response.headers, body }
  }

  async function asked(fields: Fields, path?: string): Promise<TranscribeRequest> {
    const { status, body } = await post(fields, path)
    assert.equal(status, 200, body)
    return transcriber.requests.at(-1)!
  }

  async function refused(fields: Fields, path?: string, parts?: readonly Part[]) {
    const { status, type, body } = await post(fields, path, parts)
    assert.equal(type, 'application/json')
    const { error } = JSON.parse(body) as { error: Record<string, unknown> }
    assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'])
    assert.match(String(error.message), /^\S.*: .+\.$/)
    return { status, ...error }
  }

  test('json is the text and the duration that is used', async () => {
    const { status, type, body } = await post([['model', 'base']])
    assert.deepEqual([status, type], [200, 'application/json'])
    assert.equal(body, '{"text":"Bom dia. Boa noite.","usage":{"type":"duration","seconds":6}}')
  })

  test('verbose_json has segments, or words, or both, as they are asked for', async () => {
    const keys = async (...granularities: string[]) => {
      const fields = granularities.map((value) => ['timestamp_granularities[]', value] as const)
      const { body } = await post([['response_format', 'verbose_json'], ...fields])
      return JSON.parse(body) as Record<string, unknown>
    }
    const both = await keys('word', 'segment')
    assert.deepEqual(Object.keys(both).slice(0, 7), [
      'task',
      'language',
      'duration',
      'text',
      'words',
      'segments',
      'usage',
    ])
    assert.deepEqual([both.task, both.language, both.duration], ['transcribe', 'portuguese', 5.25])
    assert.deepEqual(both.usage, { type: 'duration', seconds: 6 })
    const [word] = both.words as Record<string, unknown>[]
    assert.deepEqual(word, { word: 'Bom', start: 0.5, end: 1, probability: 0.9 })
    const [segment] = both.segments as Record<string, unknown>[]
    const documented = 'id seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob'.split(
      ' ',
    )
    assert.deepEqual(Object.keys(segment!).slice(0, documented.length), documented)
    assert.ok(!('words' in segment!))
    assert.ok(!('segments' in (await keys('word'))))
    assert.equal(transcriber.requests.at(-1)!.options!.wordTimestamps, true)
    await keys('segment')
    assert.equal(transcriber.requests.at(-1)!.options!.wordTimestamps, undefined)
  })

  test('text, subtitles and tables have their own content types', async () => {
    const formats = {
      text: ['text/plain; charset=utf-8', /^Bom dia\. Boa noite\.\n$/],
      srt: ['application/x-subrip; charset=utf-8', /^1\n00:00:00,500 --> 00:00:01,700\nBom dia\.\n/],
      vtt: ['text/vtt; charset=utf-8', /^WEBVTT\n/],
      tsv: ['text/tab-separated-values; charset=utf-8', /^start\tend\ttext\n500\t1500\tBom dia\.\n/],
    } as const
    for (const [format, [type, body]] of Object.entries(formats)) {
      const answer = await post([['response_format', format]])
      assert.deepEqual([answer.status, answer.type], [200, type])
      assert.match(answer.body, body)
    }
  })

  test('fields of OpenAI are options of the pipeline, and so is every option under its own name', async () => {
    const { modelId, language, options } = await asked([
      ['model', 'freds0'],
      ['language', 'pt'],
      ['prompt', 'Giancarlo Fisichella'],
      ['temperature', '0.4'],
      ['keywords[]', 'gila'],
      ['keywords[]', 'cifra'],
      ['languages[]', 'pt'],
      ['languages[]', 'es'],
      ['beam_size', '1'],
      ['vad_filter', 'false'],
      ['unknown_to_us', 'x'],
    ])
    assert.deepEqual([modelId, language], ['freds0', 'pt'])
    assert.deepEqual(options, {
      beamSize: 1,
      vadFilter: false,
      temperature: [0.4],
      initialPrompt: 'Giancarlo Fisichella',
      hotwords: 'gila, cifra',
      languages: ['pt', 'es'],
      task: 'transcribe',
    })
  })

  test('a temperature of 0 is the fallback ladder, which is the default', async () => {
    assert.equal((await asked([['temperature', '0']])).options!.temperature, undefined)
    for (const ladder of ['0,0.5', '[0.0, 0.5]', '["0", "0.5"]']) {
      assert.deepEqual((await asked([['temperature', ladder]])).options!.temperature, [0, 0.5])
    }
    const single = [['temperature[]', '[0.4]']] as const
    assert.deepEqual((await asked(single)).options!.temperature, [0.4])
    assert.equal((await asked([['temperature', '[0]']])).options!.temperature, undefined)
  })

  test('lists are read in all the ways that clients write them', async () => {
    for (const fields of [
      [
        ['keywords[]', 'a'],
        ['keywords[]', 'b'],
      ],
      [
        ['keywords', 'a'],
        ['keywords', 'b'],
      ],
      [
        ['keywords[0]', 'a'],
        ['keywords[1]', 'b'],
      ],
      [['keywords', 'a, b']],
      [['keywords', '["a","b"]']],
      [['keywords[]', "['a', 'b']"]],
      [
        ['keywords[]', '["a"]'],
        ['keywords[]', 'b'],
      ],
    ] as const) {
      assert.equal((await asked(fields)).options!.hotwords, 'a, b')
    }
    for (const name of ['timestamp_granularities', 'timestamp_granularities[]', 'timestamp_granularities[0]']) {
      for (const both of ['["word","segment"]', "['word', 'segment']", 'word,segment', '[ "segment" , "word" ]']) {
        const { body } = await post([
          ['response_format', 'verbose_json'],
          [name, both],
        ])
        const answer = JSON.parse(body) as Record<string, unknown>
        assert.ok('words' in answer && 'segments' in answer, body)
      }
    }
    const { body } = await post([['include', '["logprobs"]']])
    assert.deepEqual((JSON.parse(body) as { logprobs: unknown }).logprobs, LOGPROBS)
    assert.deepEqual((await asked([['languages', '["en","pt"]']])).options!.languages, ['en', 'pt'])
    assert.deepEqual((await asked([['suppress_tokens[]', '[1, 2]']])).options!.suppressTokens, [1, 2])
    assert.equal((await refused([['timestamp_granularities', '["sentence"]']])).status, 400)
  })

  test('a field that says nothing is not given', async () => {
    for (const nothing of ['', ' ', 'null', 'None', 'undefined', '[]']) {
      const lists = ['keywords', 'languages[]', 'timestamp_granularities[]', 'include'].map((name) => [name, nothing])
      const { options } = await asked(lists as unknown as Fields)
      assert.deepEqual([options!.hotwords || undefined, options!.wordTimestamps], [undefined, undefined])
      if (nothing === '[]') continue
      await asked([
        ['temperature', nothing],
        ['response_format', nothing],
        ['stream', nothing],
        ['beam_size', nothing],
        ['chunking_strategy', nothing],
        ['prompt', nothing],
      ])
      assert.equal(transcriber.requests.at(-1)!.options!.initialPrompt, undefined)
    }
  })

  test('a prompt of any length is taken, up to what a form may have', async () => {
    const prompt = 'Termo, '.repeat(30_000)
    assert.equal((await asked([['prompt', prompt]])).options!.initialPrompt, prompt)
    assert.equal((await refused([['prompt', 'x'.repeat(300_000)]])).status, 413)
  })

  test('segments, which are the default, may be named with any format', async () => {
    await asked([['timestamp_granularities[]', 'segment']])
    assert.equal((await refused([['timestamp_granularities[]', 'word']])).status, 400)
  })

  test('chunking_strategy is read as a word, as JSON, and as nested fields', async () => {
    const strategy = { type: 'server_vad', threshold: 0.6, prefix_padding_ms: 250, silence_duration_ms: 300 }
    const expected = [0.6, 250, 300]
    const vad = (options: TranscribeRequest['options']) => [
      options!.threshold,
      options!.speechPadMs,
      options!.minSilenceDurationMs,
    ]
    assert.deepEqual(vad((await asked([['chunking_strategy', JSON.stringify(strategy)]])).options), expected)
    const nested = Object.entries(strategy).map(([name, value]) => [`chunking_strategy[${name}]`, `${value}`] as const)
    assert.deepEqual(vad((await asked(nested)).options), expected)
    assert.deepEqual(vad((await asked([['chunking_strategy', 'auto']])).options), [undefined, undefined, undefined])
  })

  test('log-probabilities come with json where they are included', async () => {
    const { body } = await post([['include[]', 'logprobs']])
    assert.deepEqual((JSON.parse(body) as { logprobs: unknown }).logprobs, LOGPROBS)
    assert.equal(transcriber.requests.at(-1)!.options!.logprobs, true)
  })

  test('the language that was heard is named where several were offered, unless it is not sure', async () => {
    const languages = async () =>
      (JSON.parse((await post([['languages[]', 'pt']])).body) as { languages: unknown }).languages
    assert.deepEqual(await languages(), [{ code: 'pt' }])
    transcriber.script = async () => ({ ...SPOKEN, languageProbability: 0.3 })
    assert.deepEqual(await languages(), [])
  })

  test('translations are into English, and say so', async () => {
    const { body } = await post([['response_format', 'verbose_json']], '/v1/audio/translations')
    assert.equal(transcriber.requests.at(-1)!.options!.task, 'translate')
    assert.equal((JSON.parse(body) as { language: string }).language, 'english')
  })

  test('a model is found by the names that clients of OpenAI send', async () => {
    for (const name of ['whisper-1', 'gpt-4o-transcribe']) {
      const { status } = await post([['model', name]])
      assert.ok([200, 404].includes(status)) // the scripted transcriber knows no aliases; the registry's test has them
    }
    assert.equal((await asked([])).modelId, 'base')
  })

  describe('a stream', () => {
    const events = (body: string) =>
      body
        .split('\n\n')
        .filter((event) => event.startsWith('data: {'))
        .map((event) => JSON.parse(event.slice('data: '.length)) as Record<string, unknown>)

    test('has deltas that join to the text, a segment for each, the whole text, and its end', async () => {
      const { status, type, headers, body } = await post([['stream', 'true']])
      assert.deepEqual([status, type], [200, 'text/event-stream'])
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.ok(headers.get('x-request-id'))
      const sent = events(body)
      assert.deepEqual(
        sent.map((event) => event.type),
        [
          'transcript.text.delta',
          'transcript.text.segment',
          'transcript.text.delta',
          'transcript.text.segment',
          'transcript.text.done',
        ],
      )
      const deltas = sent.filter(({ type }) => type === 'transcript.text.delta').map(({ delta }) => delta)
      assert.equal(deltas.join(''), SPOKEN.text)
      assert.deepEqual(sent[1], {
        type: 'transcript.text.segment',
        id: 'seg_0',
        start: 0.5,
        end: 1.5,
        text: ' Bom dia.',
        speaker: '',
      })
      assert.deepEqual(sent.at(-1), {
        type: 'transcript.text.done',
        text: SPOKEN.text,
        usage: { type: 'duration', seconds: 6 },
      })
      assert.ok(body.endsWith('data: [DONE]\n\n'))
    })

    test('of verbose_json tells words and quality, and how much is done where that is asked for', async () => {
      transcriber.script = async (request) => {
        request.onSegments?.(SPOKEN.segments)
        request.onProgress?.(5.25)
        return SPOKEN
      }
      const sent = events(
        (
          await post([
            ['stream', 'true'],
            ['response_format', 'verbose_json'],
            ['timestamp_granularities[]', 'word'],
            ['include[]', 'progress'],
          ])
        ).body,
      )
      const [, segment] = sent
      assert.deepEqual((segment!.words as object[])[0], { word: 'Bom', start: 0.5, end: 1, probability: 0.9 })
      assert.equal(segment!.quality, 'ok')
      assert.deepEqual(sent.at(-2), { type: 'transcript.progress', done_seconds: 5.25 })
      assert.deepEqual([sent.at(-1)!.type, sent.at(-1)!.language], ['transcript.text.done', 'portuguese'])
      assert.equal((await refused([['include[]', 'progress']])).status, 400)
    })

    test('sends text before the recording is done', async () => {
      const rest = Promise.withResolvers<void>()
      transcriber.script = async (request) => {
        request.onSegments?.([SPOKEN.segments[0]!])
        await rest.promise
        request.onSegments?.([SPOKEN.segments[1]!])
        return SPOKEN
      }
      const response = await fetch(`${suite.service.baseUrl}${TRANSCRIPTIONS}`, {
        method: 'POST',
        headers: { 'content-type': FORM_TYPE },
        body: form({ name: 'stream', content: 'true' }, FILE),
      })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!text.includes('Bom dia.')) text += (await reader.read()).value ?? ''
      rest.resolve()
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
      assert.ok(text.includes('transcript.text.done'))
    })

    test('that fails before its first event has the status of the failure, afterwards an event', async () => {
      transcriber.script = () => Promise.reject(new Error('a defect'))
      assert.equal((await post([['stream', 'true']])).status, 500)
      transcriber.script = async (request) => {
        request.onSegments?.([SPOKEN.segments[0]!])
        throw new Error('a defect')
      }
      const { status, body } = await post([['stream', 'true']])
      assert.equal(status, 200)
      const last = events(body).at(-1) as { error: { message: string; type: string } }
      assert.equal(last.error.type, 'server_error')
      assert.match(last.error.message, /request id/)
      assert.doesNotMatch(body, /a defect/)
    })
  })

  describe('a wrong request', () => {
    test('for a model that is not there is answered with 404', async () => {
      const error = await refused([['model', 'nope']])
      assert.deepEqual(
        [error.status, (error as { code?: string }).code, (error as { param?: string }).param],
        [404, 'model_not_found', 'model'],
      )
    })

    test('with a value that is not allowed is answered with 400 and the name of its field', async () => {
      const wrong: Record<string, string> = {
        response_format: 'xml',
        temperature: '1.5',
        stream: 'maybe',
        'timestamp_granularities[]': 'sentence',
        'include[]': 'everything',
        chunking_strategy: '{"type":"server_vad","threshold":2}',
        beam_size: '99',
        'known_speaker_names[]': 'Ana',
        'languages[]': '7',
      }
      for (const [field, value] of Object.entries(wrong)) {
        const error = (await refused([[field, value]])) as { status: number; type?: string; param?: string }
        assert.deepEqual([error.status, error.type], [400, 'invalid_request_error'], field)
        assert.equal(error.param, field.replace('[]', ''))
      }
      assert.equal(transcriber.requests.length, 0)
    })

    test('with fields that contradict each other is answered with 400', async () => {
      for (const fields of [
        [['timestamp_granularities[]', 'word']],
        [
          ['include[]', 'logprobs'],
          ['response_format', 'srt'],
        ],
        [
          ['max_line_width', '20'],
          ['response_format', 'text'],
        ],
        [
          ['temperature', '0.5'],
          ['beam_size', '5'],
        ],
      ] as const) {
        assert.equal((await refused(fields)).status, 400, JSON.stringify(fields))
      }
    })

    test('with the same field twice is asked which was meant', async () => {
      const error = (await refused([
        ['language', 'pt'],
        ['language', 'en'],
      ])) as { status: number; param?: string }
      assert.deepEqual([error.status, error.param], [400, 'language'])
    })

    test('without a file, or with one of no bytes, is answered with 400 and param file', async () => {
      for (const parts of [[], [{ ...FILE, fileName: '' }], [{ ...FILE, content: '' }]]) {
        const error = (await refused([['model', 'base']], TRANSCRIPTIONS, parts)) as { status: number; param?: string }
        assert.deepEqual([error.status, error.param], [400, 'file'])
      }
    })

    test('that is no form is answered with 415, one of a broken form with 400', async () => {
      const send = async (type: string | undefined, body: string) => {
        const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
        const response = await fetch(`${suite.service.baseUrl}${TRANSCRIPTIONS}`, { method: 'POST', headers, body })
        await response.text()
        return response.status
      }
      assert.equal(await send('application/json', '{"file":"x"}'), 415)
      assert.equal(await send('audio/wav', 'RIFF'), 415)
      assert.equal(await send(undefined, 'RIFF'), 415)
      assert.equal(await send('multipart/form-data', 'no boundary'), 400)
      assert.equal(await send('multipart/form-data; boundary=b', 'the boundary never comes'), 400)
    })

    test('with 10 000 parts or a field of 10 MB is refused, and leaves nothing behind', async () => {
      const many = Array.from({ length: 10_000 }, (_, i): readonly [string, string] => [`field${i}`, 'x'])
      assert.equal((await refused(many)).status, 413)
      const long = (await refused([['prompt', 'x'.repeat(10 * 1024 * 1024)]])) as { status: number }
      assert.ok([400, 413].includes(long.status))
      await suite.service.emptied()
    })

    test('for a path that is not there, or by a wrong method, is answered in the same form', async () => {
      for (const [method, path, status] of [
        ['GET', '/v1/nothing', 404],
        ['GET', TRANSCRIPTIONS, 405],
      ] as const) {
        const response = await fetch(`${suite.service.baseUrl}${path}`, { method })
        assert.equal(response.status, status)
        const { error } = (await response.json()) as { error: object }
        assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'])
      }
    })
  })

  test('the language alone is told without a transcription', async () => {
    const { status, body } = await post([['model', 'base']], '/v1/audio/detect-language')
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(body), {
      language: 'portuguese',
      code: 'pt',
      probability: 0.9,
      languages: [{ language: 'portuguese', code: 'pt', probability: 0.9 }],
      duration: 2,
    })
    assert.equal(transcriber.requests.length, 0)
  })
})
