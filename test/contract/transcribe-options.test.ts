/** The optional fields of `POST /transcribe`: how they reach the engines, what they answer, what is refused. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toVerboseJson, verboseJsonSchema } from '../../src/transcript/index.ts'
import { subtitleOptionInfos } from '../../src/transcript/subtitle-options.ts'
import { decodingOptionInfos } from '../../src/whisper/options.ts'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { wrongValues } from '../helpers/builders/wrong-values.ts'
import { CHUNKED_POST, chunk, FORM_TYPE, form, openSocket, partHead, readAnswer } from '../helpers/rigs/raw-http.ts'
import { scriptedSuite } from '../helpers/rigs/scripted-suite.ts'

const FILE = { name: 'file', fileName: 'nota.ogg', content: 'bom dia' }
const INFOS = [...decodingOptionInfos(), ...subtitleOptionInfos()]

/** Two words in one segment, from 0.5 to 1.5 s. */
const LOGPROBS = [{ token: ' Bom', bytes: [32, 66, 111, 109], logprob: -0.1 }]
const SPOKEN = transcriptionOf([{ ...spokenSegment(' Bom dia.', 0.5), logprobs: LOGPROBS }], {
  languageProbability: 0.99,
})

describe('the optional fields of POST /transcribe', () => {
  const suite = scriptedSuite(async () => SPOKEN)
  const { transcriber } = suite

  async function post(fields: Readonly<Record<string, string>>) {
    const parts = Object.entries(fields).map(([name, content]) => ({ name, content }))
    const response = await fetch(`${suite.service.baseUrl}/transcribe`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: form(...parts, FILE),
    })
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
  }

  async function assertRefused(fields: Readonly<Record<string, string>>, sentence: RegExp) {
    const nAsked = transcriber.requests.length
    const { status, type, body } = await post(fields)
    assert.equal(status, 400, body)
    assert.equal(type, 'application/json')
    assert.match((JSON.parse(body) as { detail: string }).detail, sentence)
    assert.equal(transcriber.requests.length, nAsked)
    assert.deepEqual(await suite.service.uploads(), [])
  }

  test('reach the engines as values, and empty or unknown ones do not', async () => {
    await post({ beam_size: '3', vad_filter: 'false', hotwords: '', constructor: '{', file_id: '7' })
    await post({})
    assert.deepEqual(
      transcriber.requests.map(({ options }) => options),
      [{ beamSize: 3, vadFilter: false }, {}],
    )
  })

  test('may come after the file', async () => {
    const body = form(FILE, { name: 'beam_size', content: '99' })
    const response = await fetch(`${suite.service.baseUrl}/transcribe`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body,
    })
    assert.equal(response.status, 400)
    assert.deepEqual(await suite.service.uploads(), [])
  })

  test('are refused out of range, each by its name, value and range, and no engine is asked', async () => {
    for (const info of INFOS) {
      for (const value of wrongValues(info)) {
        const { status, body } = await post({ [info.name]: value })
        const expected = `Option ${info.name} has the value '${value.slice(0, 100)}', which is not allowed: use ${info.allowed}.`
        assert.deepEqual([status, JSON.parse(body)], [400, { detail: expected }])
      }
    }
    assert.equal(transcriber.requests.length, 0)
    assert.deepEqual(await suite.service.uploads(), [])
  })

  test('are refused at the file, while an upload without end is still running', async () => {
    const socket = await openSocket(suite.service.port)
    socket.write(CHUNKED_POST)
    socket.write(chunk(`${partHead({ name: 'beam_size' })}99\r\n${partHead(FILE)}RIFF`))
    const { status, body } = await readAnswer(socket)
    socket.destroy()
    assert.equal(status, 400)
    assert.equal(
      body,
      `{"detail":"Option beam_size has the value '99', which is not allowed: use a whole number from 1 to 16."}`,
    )
    await suite.service.emptied()
  })

  test('are refused when they contradict each other, wherever the other one stands', async () => {
    await assertRefused({ beam_size: '5', temperature: '0.5' }, /^Option beam_size .* sampling has no beams\.$/)
    await assertRefused({ word_timestamps: 'true' }, /^Option word_timestamps .* the format json, .* verbose_json\.$/)
    await assertRefused(
      { response_format: 'srt', cues: 'segments', max_line_width: '40' },
      /^Option max_line_width .* either it or cues=segments\.$/,
    )
    await assertRefused({ highlight_words: 'true', word_timestamps: 'true', response_format: 'tsv' }, /^Option /)

    const body = form({ name: 'word_timestamps', content: 'true' }, FILE, { name: 'response_format', content: 'srt' })
    const headers = { 'content-type': FORM_TYPE }
    assert.equal((await fetch(`${suite.service.baseUrl}/transcribe`, { method: 'POST', headers, body })).status, 200)
  })

  test('a text arrives whole, and one that would be cut off is refused, as is a list', async () => {
    assert.equal((await post({ initial_prompt: '😀'.repeat(60_000) })).status, 200)
    assert.equal(Array.from(String(transcriber.requests[0]!.options!.initialPrompt)).length, 60_000)
    assert.equal((await post({ initial_prompt: '😀'.repeat(70_000) })).status, 413)
    assert.equal((await post({ suppress_tokens: `${'1,'.padStart(262_140, ' ')}50257` })).status, 413)
  })

  test('lists are read in all the ways that clients write them', async () => {
    const asked = async (...fields: readonly (readonly [string, string])[]) => {
      const body = form(...fields.map(([name, content]) => ({ name, content })), FILE)
      const headers = { 'content-type': FORM_TYPE }
      const { status } = await fetch(`${suite.service.baseUrl}/transcribe`, { method: 'POST', headers, body })
      assert.equal(status, 200)
      return transcriber.requests.at(-1)!.options!
    }
    for (const languages of ['pt,en', '["pt","en"]', "['pt', 'en']"]) {
      assert.deepEqual((await asked(['languages', languages])).languages, ['pt', 'en'])
    }
    assert.deepEqual((await asked(['languages[]', 'pt'], ['languages[]', 'en'])).languages, ['pt', 'en'])
    assert.deepEqual((await asked(['languages[0]', 'pt'], ['languages[1]', 'en'])).languages, ['pt', 'en'])
    assert.deepEqual((await asked(['temperature', '[0, 0.4]'])).temperature, [0, 0.4])
    assert.deepEqual((await asked(['suppress_tokens', '[-1, 5]'])).suppressTokens, [-1, 5])
    assert.deepEqual((await asked(['suppress_tokens', ','])).suppressTokens, [])
    assert.equal((await asked(['hotwords', '["Dashwood", "Norland"]'])).hotwords, 'Dashwood, Norland')
    assert.deepEqual(await asked(['languages', ''], ['temperature', 'null'], ['hotwords', 'undefined']), {})
  })

  test('choose the format of the answer, and its content type', async () => {
    const layout = { word_timestamps: 'true', max_words_per_line: '1' }
    const answers = {
      text: ['text/plain; charset=utf-8', 'Bom dia.\n'],
      tsv: ['text/tab-separated-values; charset=utf-8', 'start\tend\ttext\n500\t1500\tBom dia.\n'],
      srt: ['application/x-subrip; charset=utf-8', /^1\n00:00:00,500 --> 00:00:01,700\nBom dia\.\n/],
      vtt: ['text/vtt; charset=utf-8', /^WEBVTT\n[\s\S]*00:00:00\.500 --> 00:00:01\.700\nBom dia\.\n/],
      verbose_json: ['application/json', JSON.stringify(toVerboseJson(SPOKEN))],
    } as const
    for (const [format, [type, body]] of Object.entries(answers)) {
      const answer = await post({ response_format: format })
      assert.deepEqual([answer.status, answer.type], [200, type])
      if (typeof body === 'string') assert.equal(answer.body, body)
      else assert.match(answer.body, body)
    }
    assert.match((await post({ ...layout, response_format: 'srt' })).body, /\nBom\n[\s\S]*\ndia\.\n/)
    await assertRefused(
      { response_format: 'xml' },
      /^Option response_format has the value 'xml'.* one of json, verbose/,
    )
  })

  test('leave the default answer as it is', async () => {
    for (const fields of [{}, { response_format: 'json' }, { response_format: '' }]) {
      const { type, body } = await post(fields)
      assert.equal(type, 'application/json')
      assert.match(
        body,
        /^{"status":"success","model_used":"freds0","processing_time_sec":[\d.]+,"transcription":"Bom dia\."}$/,
      )
    }
  })

  test('are described with their defaults and ranges', async () => {
    const api = (await (await fetch(`${suite.service.baseUrl}/openapi.json`)).json()) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { schema: { properties: object } }> } } }>
    }
    const { properties } = api.paths['/transcribe']!.post.requestBody.content['multipart/form-data']!.schema
    const described = new Map(Object.entries(properties))
    for (const { name, allowed, schema, default: value } of INFOS) {
      const property = described.get(name) as Record<string, unknown>
      assert.ok(String(property.description).endsWith(`. Use ${allowed}.`), name)
      assert.deepEqual([property.minimum, property.maximum], [schema.minimum, schema.maximum], name)
      assert.deepEqual(property.default, Array.isArray(value) ? value.join(',') : value, name)
    }
    assert.equal((described.get('response_format') as { default: string }).default, 'json')
  })
})

test('the schema of verbose_json has the keys that are written', () => {
  const [segment] = SPOKEN.segments
  const inChannel = { ...segment!, channel: 1, words: segment!.words!.map((word) => ({ ...word, channel: 1 })) }
  const written = toVerboseJson({ ...SPOKEN, segments: [inChannel] })
  const { segments, words, statistics } = verboseJsonSchema.shape
  assert.deepEqual(Object.keys(verboseJsonSchema.shape), Object.keys(written))
  assert.deepEqual(Object.keys(segments.element.shape), Object.keys(written.segments[0]!))
  assert.deepEqual(Object.keys(words.unwrap().element.shape), Object.keys(written.words![0]!))
  assert.deepEqual(Object.keys(statistics.shape), Object.keys(written.statistics))
  assert.deepEqual(verboseJsonSchema.parse(written), written)
})
