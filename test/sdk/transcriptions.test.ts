/** OpenAI's own package for JavaScript against a service on real weights: what it is answered. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type OpenAI from 'openai'
import type {
  TranscriptionSegment,
  TranscriptionVerbose,
  TranscriptionWord,
  TranslationVerbose,
} from 'openai/resources/audio'
import { readSrt, readVtt } from '../helpers/judges/subtitle-readers.ts'
import {
  languagesSkip,
  type OpenAiService,
  openAiSkip,
  SAID,
  SPEECH,
  speech,
  startOpenAiService,
} from '../helpers/rigs/openai-service.ts'

const SEGMENT_NUMBERS = [
  'id',
  'seek',
  'start',
  'end',
  'temperature',
  'avg_logprob',
  'compression_ratio',
  'no_speech_prob',
] as const satisfies readonly (keyof TranscriptionSegment)[]

describe("OpenAI's package for JavaScript", { skip: openAiSkip, concurrency: 1 }, () => {
  let service: OpenAiService
  let client: OpenAI
  const english = () => ({ file: speech(SPEECH.english), model: 'whisper-1' })
  const verbose = async (granularities?: ('word' | 'segment')[]): Promise<TranscriptionVerbose> =>
    await client.audio.transcriptions.create({
      ...english(),
      response_format: 'verbose_json',
      ...(granularities && { timestamp_granularities: granularities }),
    })

  before(async () => {
    service = await startOpenAiService()
    client = service.client()
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('gets text and usage where it asks for no format, and by the names of all models that clients send', async () => {
    for (const model of ['whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'gpt-transcribe', 'base']) {
      const answer = await client.audio.transcriptions.create({ file: speech(SPEECH.english), model })
      assert.match(answer.text, SAID.english, model)
      assert.equal(answer.text, answer.text.trim())
      assert.deepEqual(answer.usage, { type: 'duration', seconds: SPEECH.secondsOfEnglish })
      assert.deepEqual(Object.keys(answer).sort(), ['text', 'usage'])
    }
  })

  test('gets every format with its content type', async () => {
    const types = {
      json: /^application\/json/,
      verbose_json: /^application\/json/,
      text: /^text\/plain; charset=utf-8$/,
      srt: /^(text\/plain|application\/x-subrip); charset=utf-8$/,
      vtt: /^text\/vtt; charset=utf-8$/,
    } as const
    for (const [format, type] of Object.entries(types)) {
      const body = { ...english(), response_format: format as keyof typeof types }
      const response = await client.audio.transcriptions.create(body).asResponse()
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type') ?? '', type, format)
      const withoutCues = (await response.text()).replaceAll(/^(?:\d+|.* --> .*)$/gm, '')
      assert.match(withoutCues.replaceAll(/\s+/g, ' '), SAID.english)
    }
  })

  test('gets text as a string that ends with a newline', async () => {
    const text = await client.audio.transcriptions.create({ ...english(), response_format: 'text' })
    assert.equal(typeof text, 'string')
    assert.match(text, SAID.english)
    assert.match(text, /\S\n$/)
  })

  test('gets subtitles that players can read, in order and within the recording', async () => {
    const srt = await client.audio.transcriptions.create({ ...english(), response_format: 'srt' })
    const vtt = await client.audio.transcriptions.create({ ...english(), response_format: 'vtt' })
    assert.match(srt, /^1\n\d\d:\d\d:\d\d,\d\d\d --> \d\d:\d\d:\d\d,\d\d\d\n/)
    assert.match(vtt, /^WEBVTT\n\n/)
    for (const cues of [readSrt(srt), readVtt(vtt)]) {
      assert.match(cues.map(({ text }) => text.replace('\n', ' ')).join(' '), SAID.english)
      for (const [i, { from, to }] of cues.entries()) {
        assert.ok(from >= (cues[i - 1]?.to ?? 0) && from < to && to <= SPEECH.durationOfEnglish * 1000 + 500)
      }
    }
  })

  test('gets segments whose every number is a number, and the language by its English name', async () => {
    const answer = await verbose()
    assert.equal(answer.language, 'english')
    assert.equal(answer.duration, SPEECH.durationOfEnglish)
    assert.match(answer.text, SAID.english)
    assert.deepEqual(answer.usage, { type: 'duration', seconds: SPEECH.secondsOfEnglish })
    assert.equal((answer as { task?: string }).task, 'transcribe')
    checkSegments(answer.segments ?? [], answer.text)
    assert.ok(!('words' in answer), 'words come only where they were asked for')
  })

  test('gets words at the top level, segments, or both, as it asks', async () => {
    const words = await verbose(['word'])
    checkWords(words.words ?? [], words.text)
    assert.ok(!('segments' in words), 'segments were not asked for')

    const segments = await verbose(['segment'])
    checkSegments(segments.segments ?? [], segments.text)
    assert.ok(!('words' in segments), 'words were not asked for')

    const both = await verbose(['word', 'segment'])
    checkWords(both.words ?? [], both.text)
    checkSegments(both.segments ?? [], both.text)
    for (const segment of both.segments ?? []) assert.ok(!('words' in segment), 'words stand beside the segments')
  })

  describe('of other languages', { skip: languagesSkip, concurrency: 1 }, () => {
    test('gets Portuguese as Portuguese, the language found or given', async () => {
      for (const language of [undefined, 'pt']) {
        const answer = await client.audio.transcriptions.create({
          file: speech(SPEECH.portuguese),
          model: 'whisper-1',
          response_format: 'verbose_json',
          ...(language && { language }),
        })
        assert.equal(answer.language, 'portuguese')
        assert.match(answer.text, SAID.portuguese)
      }
    })

    test('gets Spanish in English from translations, in every format', async () => {
      const spanish = () => ({ file: speech(SPEECH.spanish), model: 'whisper-1' })
      const { text } = await client.audio.translations.create(spanish())
      assert.match(text, SAID.inEnglish)
      // The package declares the answer to every format as that to json.
      const create = async <T>(response_format: 'verbose_json' | 'text' | 'srt' | 'vtt') =>
        (await client.audio.translations.create({ ...spanish(), response_format })) as unknown as T
      const verbose = await create<TranslationVerbose>('verbose_json')
      assert.equal(verbose.language, 'english')
      assert.ok(verbose.duration > 3 && verbose.duration < 4)
      assert.match(verbose.text, SAID.inEnglish)
      checkSegments(verbose.segments ?? [], verbose.text)
      for (const format of ['text', 'srt', 'vtt'] as const) {
        assert.match((await create<string>(format)).replaceAll(/\s+/g, ' '), SAID.inEnglish)
      }
    })
  })

  test('gets log-probabilities whose bytes are the text', async () => {
    const { text, logprobs = [] } = await client.audio.transcriptions.create({ ...english(), include: ['logprobs'] })
    assert.ok(logprobs.length > 10)
    for (const { token, bytes = [], logprob = Number.NaN } of logprobs) {
      assert.equal(typeof token, 'string')
      assert.ok(bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256))
      assert.ok(logprob <= 0)
    }
    const spelled = Buffer.from(logprobs.flatMap(({ bytes = [] }) => bytes)).toString('utf8')
    assert.equal(spelled.trim(), text)
  })

  test('is heard with every strategy of chunking', async () => {
    const serverVad = { type: 'server_vad', threshold: 0.4, prefix_padding_ms: 300, silence_duration_ms: 200 } as const
    for (const chunking_strategy of ['auto', serverVad, { type: 'server_vad' }] as const) {
      const { text } = await client.audio.transcriptions.create({ ...english(), chunking_strategy })
      assert.match(text, SAID.english)
    }
  })

  test('is heard with a prompt, a temperature, and the fields that the package has no types for yet', async () => {
    const prompted = await client.audio.transcriptions.create({
      ...english(),
      prompt: 'The inaugural address of John F. Kennedy.',
      temperature: 0.2,
    })
    assert.match(prompted.text, SAID.english)

    const newer = { ...english(), keywords: ['Americans', 'country'], languages: ['pt', 'en'] }
    const answer = await client.audio.transcriptions.create(newer)
    assert.match(answer.text, SAID.english)
    assert.deepEqual((answer as { languages?: unknown }).languages, [{ code: 'en' }])
  })

  test('lists the models, and finds one by its name', async () => {
    const { data } = await client.models.list()
    assert.ok(data.some(({ id }) => id === 'base'))
    for (const model of [...data, await client.models.retrieve('base')]) {
      assert.equal(model.object, 'model')
      assert.ok(Number.isInteger(model.created))
      assert.equal(typeof model.owned_by, 'string')
    }
    assert.equal((await client.models.retrieve('base')).id, 'base')
  })
})

function checkSegments(segments: readonly TranscriptionSegment[], text: string): void {
  assert.ok(segments.length > 0)
  assert.equal(
    segments
      .map((segment) => segment.text)
      .join('')
      .trim(),
    text.trim(),
  )
  for (const [i, segment] of segments.entries()) {
    assert.equal(segment.id, i)
    for (const name of SEGMENT_NUMBERS) assert.ok(Number.isFinite(segment[name]), `${name} of segment ${i}`)
    assert.ok(segment.tokens.length > 0 && segment.tokens.every(Number.isInteger))
    assert.ok(segment.start >= (segments[i - 1]?.end ?? 0) - 0.01 && segment.start < segment.end)
  }
}

function checkWords(words: readonly TranscriptionWord[], text: string): void {
  const letters = (said: string) => said.replaceAll(/[^\p{L}\p{N}]/gu, '')
  assert.equal(letters(words.map(({ word }) => word).join('')), letters(text))
  for (const [i, { word, start, end }] of words.entries()) {
    assert.match(word, /[\p{L}\p{N}]/u, 'no word is punctuation alone')
    assert.ok(start >= (words[i - 1]?.start ?? 0) && start <= end && end <= SPEECH.durationOfEnglish + 0.5)
  }
}
