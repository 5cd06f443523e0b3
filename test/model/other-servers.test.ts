/** The routes of other servers on real weights: a recording goes in as their clients send it, its words come out. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { baseFolder } from '../helpers/data/real-models.ts'
import { noSpeech, spoken } from '../helpers/data/spoken.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'

const base = baseFolder()
const { path: RECORDING, language: CODE, said: HEARD } = spoken.sentence
const LANGUAGE = CODE === 'pt' ? 'portuguese' : 'english'

describe('the routes of other servers on real weights', { skip: base.skip || noSpeech }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-other-servers-'))
  let service: ServiceProcess

  before(async () => {
    const modelsFile = join(root, 'models.json')
    writeFileSync(modelsFile, JSON.stringify({ base: { path: base.folder, strategy: 'whisper' } }))
    service = await startServiceProcess({ MODELS_FILE: modelsFile, DEFAULT_MODEL_ID: 'base', TEMP_DIR: root })
  })
  after(async () => {
    await service?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function post(path: string, part: string, content: Buffer, fields: Readonly<Record<string, string>> = {}) {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set(part, new Blob([new Uint8Array(content)]), 'leopard.wav')
    const response = await fetch(`${service.baseUrl}${path}`, { method: 'POST', body: form })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return text
  }

  const recording = () => readFileSync(RECORDING)
  /** Without its header, as Bazarr sends it. */
  const samples = () => recording().subarray(recording().indexOf('data', 0, 'latin1') + 8)

  test('POST /asr and POST /detect-language hear the words and the language of a file', async () => {
    const body = JSON.parse(await post('/asr?output=json&word_timestamps=true', 'audio_file', recording())) as {
      language: string
      text: string
      segments: { text: string; words: { start: number; end: number }[] }[]
    }
    assert.equal(body.language, CODE)
    assert.match(body.text, HEARD)
    assert.equal(
      body.segments
        .map(({ text }) => text)
        .join('')
        .trim(),
      body.text,
    )
    for (const { start, end } of body.segments.flatMap(({ words }) => words)) assert.ok(start < end)

    const detected = JSON.parse(await post('/detect-language', 'audio_file', recording())) as Record<string, unknown>
    assert.deepEqual([detected.detected_language, detected.language_code], [LANGUAGE, CODE])
    assert.ok(Number(detected.confidence) > 0.5)
  })

  test('the same samples without a header give the same subtitles and the same language', async () => {
    const query = `?task=transcribe&language=${CODE}&output=srt`
    const subtitles = await post(`/asr${query}&encode=false`, 'audio_file', samples())
    assert.match(subtitles, /^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n/)
    assert.equal(subtitles, await post(`/asr${query}`, 'audio_file', recording()))
    assert.match(
      await post('/detect-language?encode=false', 'audio_file', samples()),
      new RegExp(`"language_code":"${CODE}"`),
    )
  })

  test('POST /inference hears the words, with their times inside the segments', async () => {
    const fields = { response_format: 'verbose_json', language: 'auto', temperature: '0.0', temperature_inc: '0.2' }
    const body = JSON.parse(await post('/inference', 'file', recording(), fields)) as {
      language: string
      detected_language_probability: number
      text: string
      duration: number
      segments: { start: number; end: number; words: { word: string; start: number; end: number }[] }[]
    }
    assert.equal(body.language, LANGUAGE)
    assert.ok(body.detected_language_probability > 0.5)
    assert.match(body.text, HEARD)
    for (const { start, end, words } of body.segments) {
      assert.ok(0 <= start && start < end && end <= body.duration)
      assert.ok(words.length > 0 && words.every((word) => word.start < word.end))
    }
    const cues = await post('/inference', 'file', recording(), { response_format: 'vtt', max_len: '20' })
    assert.match(cues, /^WEBVTT\n/)
    for (const line of cues.split('\n').filter((text) => /\p{L}{2}/u.test(text))) assert.ok(line.length <= 20, line)
  })
})
