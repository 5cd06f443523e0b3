/** The routes of whisper-asr-webservice: what its clients send, what they get, and what is refused. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import type { DetectLanguageRequest } from '../../src/engine/transcriber.ts'
import {
  AudioUnreadableError,
  HubUnreachableError,
  LanguageUnknownError,
  ModelLoadError,
} from '../../src/errors/index.ts'
import { ASR_PARAMETERS } from '../../src/http/surfaces/asr-webservice/query.ts'
import { withDefaults } from '../../src/whisper/options.ts'
import { documentedNames, formService, SPOKEN, SRT, TSV, VTT, WITHOUT_WORDS } from '../helpers/rigs/other-servers.ts'
import { form, type Part } from '../helpers/rigs/raw-http.ts'

const { transcriber, send, assertRefused, uploads } = formService()
const given = () => transcriber.requests.at(-1)!

describe('POST /asr', () => {
  const FILE: Part = { name: 'audio_file', fileName: 'nota.ogg', content: 'bom dia' }
  const post = (query = '', file: Part = FILE) => send(`/asr${query}`, form(file))

  for (const [output, body] of Object.entries({
    txt: 'Bom dia.\nOlá & até --> já.\n',
    text: 'Bom dia.\nOlá & até --> já.\n',
    srt: SRT,
    vtt: VTT,
    tsv: TSV,
  })) {
    test(`output=${output} is a download in that form, as plain text`, async () => {
      const { status, headers, type, text } = await post(`?output=${output}`)
      assert.equal(status, 200, text)
      assert.equal(text, body)
      assert.equal(type, 'text/plain; charset=utf-8')
      assert.equal(headers.get('content-disposition'), `attachment; filename="nota.ogg.${output}"`)
      assert.equal(headers.get('asr-engine'), 'paradox-asr')
      assert.deepEqual(await uploads(), [])
    })
  }

  test('without parameters the answer is the text, by the default model', async () => {
    const { headers, text } = await post()
    assert.equal(text, 'Bom dia.\nOlá & até --> já.\n')
    assert.equal(headers.get('content-disposition'), 'attachment; filename="nota.ogg.txt"')
    const { modelId, language, options } = given()
    assert.deepEqual({ modelId, language, options }, { modelId: 'base', language: undefined, options: {} })
  })

  test('output=json has the segments as faster-whisper has them, with words or null', async () => {
    const [first] = SPOKEN.segments
    const segment = {
      id: 1,
      seek: 50,
      start: 0.5,
      end: 1.5,
      text: ' Bom dia.',
      tokens: [10, 11],
      avg_logprob: -0.2,
      compression_ratio: 1.3,
      no_speech_prob: 0.01,
      words: first!.words,
      temperature: 0,
    }
    const { type, text } = await post('?output=json&word_timestamps=True')
    const body = JSON.parse(text) as { segments: object[] }
    assert.equal(type, 'text/plain; charset=utf-8')
    assert.deepEqual(Object.keys(body), ['language', 'segments', 'text'])
    assert.deepEqual({ ...body, segments: body.segments.length }, { language: 'pt', segments: 2, text: SPOKEN.text })
    assert.equal(JSON.stringify(body.segments[0]), JSON.stringify(segment))
    assert.equal(given().options?.wordTimestamps, true)

    transcriber.script = async () => WITHOUT_WORDS
    const { segments } = JSON.parse((await post('?output=json')).text) as { segments: object[] }
    assert.deepEqual(segments[0], { ...segment, words: null })
  })

  test('parameters reach the engine, the last of several counts, and unknown ones are ignored', async () => {
    const query =
      '?task=transcribe&task=translate&language=pt&initial_prompt=S%C3%A3o&vad_filter=false&diarize=0&min_speakers=2&video_file=x'
    assert.equal((await post(query)).status, 200)
    const { language, options } = given()
    assert.equal(language, 'pt')
    assert.deepEqual(options, { task: 'translate', initialPrompt: 'São', vadFilter: false })
    withDefaults(options) // the engine takes them
    await post('?language=&task=&output=&encode=')
    assert.deepEqual([given().language, given().options], [undefined, {}])
  })

  test('encode=false takes samples without a header, as Bazarr sends them', async () => {
    let received = Buffer.alloc(0)
    transcriber.script = async ({ audioPath }) => {
      received = await readFile(audioPath)
      return SPOKEN
    }
    const samples = Buffer.from(Int16Array.from({ length: 1600 }, (_, i) => i * 10).buffer)
    const { status, text, headers } = await post('?task=transcribe&language=pt&output=srt&encode=false', {
      name: 'audio_file',
      fileName: 'audio_file',
      content: samples,
    })
    assert.equal(status, 200, text)
    assert.equal(text, SRT)
    assert.equal(headers.get('content-disposition'), 'attachment; filename="audio_file.srt"')
    assert.equal(received.toString('latin1', 0, 4), 'RIFF')
    assert.equal(received.readUInt32LE(24), 16_000)
    assert.equal(received.readUInt32LE(40), samples.length)
    assert.deepEqual(received.subarray(44), samples)
    assert.deepEqual(await uploads(), [])
  })

  test('the name of the download is quoted as Python does it', async () => {
    for (const [fileName, quoted] of Object.entries({
      'olá mundo.mp3': 'ol%C3%A1%20mundo.mp3',
      "a/b's (1)!*.wav": 'a/b%27s%20%281%29%21%2A.wav',
      '😀~-_.ogg': '%F0%9F%98%80~-_.ogg',
      [`${'a'.repeat(5000)}.ogg`]: 'a'.repeat(255), // proxies refuse large headers
    })) {
      const { headers } = await post('?output=srt', { ...FILE, fileName })
      assert.equal(headers.get('content-disposition'), `attachment; filename="${quoted}.srt"`)
    }
  })

  for (const [query, sentence] of Object.entries({
    '?output=docx': /^Option output has the value 'docx', .* txt, text, vtt, srt, tsv, json\.$/,
    '?task=dance': /^Option task .* use one of transcribe, translate\.$/,
    '?vad_filter=maybe': /^Option vad_filter .* true or false\.$/,
    '?word_timestamps=2': /^Option word_timestamps /,
    '?encode=maybe': /^Option encode /,
    '?diarize=true': /^Option diarize has the value 'true', .*: use false: speakers are not told apart\.$/,
  })) {
    test(`${query.slice(0, 30)} is refused before the upload is read`, async () => {
      await assertRefused(post(query), 400, 'detail', sentence)
      assert.deepEqual(transcriber.requests, [])
    })
  }

  for (const [what, request] of Object.entries({
    'the file is missing': () => send('/asr', form({ name: 'language', content: 'pt' })),
    'the file goes by another name': () => post('', { ...FILE, name: 'file' }),
    'the body is no form': () => send('/asr', '{}', 'application/json'),
    'the form breaks off': () => send('/asr', form(FILE).subarray(0, -10)),
  })) {
    test(`a sentence with the right name of the part is the answer where ${what}`, async () => {
      await assertRefused(request(), 400, 'detail', /^The request holds no file: .* named "audio_file" /)
    })
  }

  test('failures are told in one English sentence, with statuses that say whose they are', async () => {
    for (const [status, error, sentence] of [
      [400, new AudioUnreadableError('no audio stream'), /^The file could not be read as audio/],
      [400, new LanguageUnknownError('klingon', 'Use a code.'), /^Language 'klingon' /],
      [503, new ModelLoadError('base', new HubUnreachableError('a/b')), /^Model 'base' could not be loaded/],
      [500, new TypeError('boom'), /^unexpected failure; the service's log has the cause/],
    ] as const) {
      transcriber.script = () => Promise.reject(error)
      await assertRefused(post(), status, 'detail', sentence)
    }
    await assertRefused(post('', { ...FILE, content: '' }), 400, 'detail', /^The file is empty/)
    await assertRefused(post('?encode=false', { ...FILE, content: '' }), 400, 'detail', /^The file is empty/)
    await assertRefused(post('', { ...FILE, content: Buffer.alloc(1024 ** 2 + 1) }), 413, 'detail', /allowed 1 MB/)
  })

  test('docs/api.md has a row for each parameter', () => {
    const names = documentedNames('POST /asr, POST /detect-language')
    for (const name of Object.keys(ASR_PARAMETERS)) assert.ok(names.includes(name), name)
  })
})

describe('POST /detect-language', () => {
  const FILE: Part = { name: 'audio_file', fileName: 'nota.ogg', content: 'bom dia' }

  test('the language is told by name and code, with how sure that is', async () => {
    const { status, type, text } = await send('/detect-language', form(FILE))
    assert.equal(status, 200)
    assert.equal(type, 'application/json')
    assert.equal(text, '{"detected_language":"portuguese","language_code":"pt","confidence":0.9}')
    assert.deepEqual(await uploads(), [])
  })

  test('encode=false takes samples without a header, and asks the default model', async (t) => {
    const original = transcriber.detectLanguage
    t.after(() => {
      transcriber.detectLanguage = original
    })
    const asked: DetectLanguageRequest[] = []
    let received = Buffer.alloc(0)
    transcriber.detectLanguage = async (request) => {
      asked.push(request)
      received = await readFile(request.audioPath)
      return await original(request)
    }
    const { status } = await send('/detect-language?encode=false', form({ ...FILE, content: Buffer.alloc(320) }))
    assert.equal(status, 200)
    assert.deepEqual([asked[0]!.modelId, received.length, received.toString('latin1', 0, 4)], ['base', 364, 'RIFF'])
  })

  test('what is wrong is told as /asr tells it', async () => {
    await assertRefused(send('/detect-language?encode=x', form(FILE)), 400, 'detail', /^Option encode /)
    await assertRefused(send('/detect-language', form()), 400, 'detail', /named "audio_file"/)
  })
})
