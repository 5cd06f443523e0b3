/** OpenAI's own package for Python against a service on real weights: openai_client.py calls, this file judges. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { pythonJudges } from '../helpers/judges/python-judges.ts'
import { readSrt, readVtt } from '../helpers/judges/subtitle-readers.ts'
import {
  type OpenAiService,
  openAiSkip,
  SAID,
  SPEECH,
  speechPath,
  startOpenAiService,
} from '../helpers/rigs/openai-service.ts'

interface Answer {
  readonly class: string
  readonly text: string
  readonly usage: object
  readonly language: string
  readonly duration: number
  readonly words: readonly { readonly word: string; readonly start: number; readonly end: number }[]
  readonly segments: readonly { readonly id: number; readonly text: string; readonly tokens: readonly number[] }[]
  readonly logprobs: readonly { readonly token: string; readonly logprob: number }[]
  readonly languages: readonly object[]
}
interface Model {
  readonly class: string
  readonly id: string
  readonly object: string
}
interface Report {
  readonly [name: string]: unknown
  readonly stream: { readonly types: readonly string[]; readonly joined: string; readonly done: Answer }
  readonly models: readonly Model[]
}

const judges = pythonJudges()

describe("OpenAI's package for Python", { skip: openAiSkip || judges.skip, concurrency: 1 }, () => {
  let service: OpenAiService
  let report: Report
  const answer = (name: string) => report[name] as Answer
  const text = (name: string) => String(report[name])

  before(async () => {
    service = await startOpenAiService()
    const broken = join(service.folder, 'broken.mp3')
    writeFileSync(broken, 'this is no recording')
    const job = { english: speechPath(SPEECH.english), spanish: speechPath(SPEECH.spanish), broken }
    const script = join(import.meta.dirname, 'openai_client.py')
    const args = ['-W', 'ignore::DeprecationWarning', script, service.baseUrl] // OpenAI gives translations up
    const child = spawn(judges.python, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(JSON.stringify(job))
    report = (await json(child.stdout)) as Report
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('raises nothing where nothing is wrong', () => {
    for (const [name, result] of Object.entries(report)) {
      assert.ok(!Object.hasOwn(Object(result), 'raised'), `${name}: ${JSON.stringify(result)}`)
    }
  })

  test('makes its own objects of JSON, with text and usage', () => {
    const { class: type, text, usage } = answer('json')
    assert.equal(type, 'Transcription')
    assert.match(text, SAID.english)
    assert.deepEqual(usage, { type: 'duration', seconds: SPEECH.secondsOfEnglish })
  })

  test('gets text and subtitles as strings', () => {
    assert.match(text('text'), SAID.english)
    assert.match(text('text'), /\S\n$/)
    for (const cues of [readSrt(text('srt')), readVtt(text('vtt'))]) {
      assert.match(cues.map((cue) => cue.text.replace('\n', ' ')).join(' '), SAID.english)
    }
  })

  test('gets words and segments with numbers as numbers', () => {
    const { class: type, language, duration, words, segments, text } = answer('verbose_json')
    assert.equal(type, 'TranscriptionVerbose')
    assert.equal(language, 'english')
    assert.equal(duration, SPEECH.durationOfEnglish)
    assert.match(text, SAID.english)
    assert.ok(words.length > 10 && words.every(({ start, end }) => start <= end))
    assert.ok(segments.every(({ id, tokens }, i) => id === i && tokens.every(Number.isInteger)))
  })

  test('gets log-probabilities, and text with every field that it sends', () => {
    assert.ok(answer('logprobs').logprobs.every(({ logprob }) => logprob <= 0))
    assert.match(answer('chunked').text, SAID.english)
    assert.match(answer('extra').text, SAID.english)
    assert.deepEqual(answer('extra').languages, [{ code: 'en' }])
  })

  test('reads a stream whose deltas are its text', () => {
    const { types, joined, done } = report.stream
    assert.equal(types[0], 'transcript.text.delta')
    assert.equal(types.at(-1), 'transcript.text.done')
    assert.match(done.text, SAID.english)
    assert.equal(joined, done.text)
  })

  test('gets translations', () => {
    assert.equal(answer('translation').class, 'Translation')
    assert.match(answer('translation').text, SAID.inEnglish)
    assert.match(text('translation_text'), SAID.inEnglish)
  })

  test('lists the models and finds one', () => {
    assert.ok(report.models.some(({ id }) => id === 'base'))
    assert.ok(report.models.every((model) => model.class === 'Model' && model.object === 'model'))
    assert.equal((report.model as Model).id, 'base')
  })

  test('raises its own errors, with the code and the field', () => {
    const expected = {
      unknown_model: { class: 'NotFoundError', status: 404, code: 'model_not_found', param: 'model' },
      wrong_temperature: { class: 'BadRequestError', status: 400, param: 'temperature' },
      broken_file: { class: 'BadRequestError', status: 400, param: 'file' },
      broken_stream: { class: 'BadRequestError', status: 400, param: 'file' },
    }
    for (const [name, error] of Object.entries(expected)) {
      const raised = report[name] as Readonly<Record<string, unknown>>
      assert.partialDeepStrictEqual(raised, { ...error, type: 'invalid_request_error' }, name)
      assert.match(String(raised.request_id), /^\S{8,}$/)
    }
  })
})
