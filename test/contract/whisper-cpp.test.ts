/** The route of whisper.cpp's server: what its clients send, what they get, and what is refused. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AudioUnreadableError } from '../../src/errors/index.ts'
import { INFERENCE_FIELDS } from '../../src/http/surfaces/whisper-cpp/form.ts'
import { inferenceJsonSchema } from '../../src/http/surfaces/whisper-cpp/schemas.ts'
import { withDefaults } from '../../src/whisper/options.ts'
import { documentedNames, formService, SRT, VTT, WITHOUT_WORDS } from '../helpers/rigs/other-servers.ts'
import { form, type Part } from '../helpers/rigs/raw-http.ts'

const { transcriber, send, assertRefused, uploads } = formService()
const given = () => transcriber.requests.at(-1)!

describe('POST /inference', () => {
  const FILE: Part = { name: 'file', fileName: 'nota.wav', content: 'bom dia' }
  const post = (fields: Readonly<Record<string, string>> = {}) => {
    const parts = Object.entries(fields).map(([name, content]) => ({ name, content }))
    return send('/inference', form(...parts, FILE))
  }
  const LINES = ' Bom dia.\n Olá & até --> já.\n'

  for (const [format, type, body] of [
    ['json', 'application/json', JSON.stringify({ text: LINES })],
    ['text', 'text/plain; charset=utf-8', LINES],
    ['srt', 'application/x-subrip; charset=utf-8', SRT],
    ['vtt', 'text/vtt; charset=utf-8', VTT],
  ] as const) {
    test(`response_format=${format} is answered as whisper.cpp does, a line for each segment`, async () => {
      const answer = await post({ response_format: format })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.type, type)
      assert.equal(answer.text, body)
      assert.deepEqual(await uploads(), [])
    })
  }

  test('without fields the answer is JSON, by the default model with its own language', async () => {
    assert.equal((await post()).text, JSON.stringify({ text: LINES }))
    const { modelId, language, options } = given()
    assert.deepEqual([modelId, language, options], ['base', undefined, { task: 'transcribe' }])
  })

  test('verbose_json has whisper.cpp’s keys in its order, words inside the segments', async () => {
    const { text } = await post({ response_format: 'verbose_json' })
    const word = { start: 0.5, end: 1, t_dtw: -1, probability: 0.9 }
    const segment = {
      id: 0,
      text: ' Bom dia.',
      start: 0.5,
      end: 1.5,
      tokens: [10, 11],
      words: [
        { word: ' Bom', ...word },
        { word: ' dia.', ...word, start: 1, end: 1.5 },
      ],
      temperature: 0,
      avg_logprob: -0.2,
      no_speech_prob: 0.01,
    }
    const body = JSON.parse(text) as { segments: object[] }
    assert.deepEqual(Object.keys(body), Object.keys(inferenceJsonSchema.shape))
    assert.equal(JSON.stringify(body.segments[0]), JSON.stringify(segment))
    assert.deepEqual(
      { ...body, segments: body.segments.length },
      {
        task: 'transcribe',
        language: 'portuguese',
        duration: 4.5,
        text: LINES,
        segments: 2,
        detected_language: 'portuguese',
        detected_language_probability: 0.97,
        language_probabilities: { pt: 0.97, gl: 0.02 },
      },
    )
    assert.equal(given().options?.wordTimestamps, true)
  })

  test('times and languages are left out of verbose_json where that is asked for, or nothing was detected', async () => {
    type Body = { segments: { start?: number; words: object[] }[] } & Record<string, unknown>
    const ask = async (fields: Readonly<Record<string, string>>) =>
      JSON.parse((await post({ response_format: 'verbose_json', ...fields })).text) as Body
    const [segment] = (await ask({ no_timestamps: 'true' })).segments
    assert.equal(segment!.start, undefined)
    assert.deepEqual(segment!.words[0], { word: ' Bom', probability: 0.9 })
    const [timed] = (await ask({ token_timestamps: 'false' })).segments
    assert.equal(timed!.start, 0.5)
    assert.deepEqual(timed!.words[0], { word: ' Bom', probability: 0.9 })

    const without = ['task', 'language', 'duration', 'text', 'segments']
    assert.deepEqual(Object.keys(await ask({ no_language_probabilities: '1' })), without)
    transcriber.script = async () => ({ ...WITHOUT_WORDS, languageProbability: undefined })
    const given = await ask({ language: 'pt' })
    assert.deepEqual(Object.keys(given), without)
    assert.deepEqual(given.segments[0]!.words, [])
  })

  for (const [what, fields, expected] of [
    ['translate', { translate: 'true' }, { task: 'translate' }],
    ['prompt', { prompt: 'São João' }, { initialPrompt: 'São João' }],
    ['beam_size', { beam_size: '3' }, { beamSize: 3 }],
    ['a beam_size that means greedy', { beam_size: '-1', best_of: '0' }, { beamSize: 1, bestOf: 1 }],
    ['best_of', { best_of: '2' }, { bestOf: 2 }],
    ['temperature', { temperature: '0.0', temperature_inc: '0.2' }, { temperature: [0, 0.2, 0.4, 0.6, 0.8, 1] }],
    ['temperature alone', { temperature: '0.5' }, { temperature: [0.5, 0.7, 0.9] }],
    ['temperature_inc 0', { temperature_inc: '0' }, { temperature: [0] }],
    [
      'thresholds',
      { logprob_thold: '-0.5', no_speech_thold: '0.3' },
      { logProbThreshold: -0.5, noSpeechThreshold: 0.3 },
    ],
    [
      'speech detection',
      {
        vad: 'false',
        vad_threshold: '0.5',
        vad_min_speech_duration_ms: '250',
        vad_min_silence_duration_ms: '100',
        vad_max_speech_duration_s: '3.4e38',
        vad_speech_pad_ms: '30',
      },
      {
        vadFilter: false,
        threshold: 0.5,
        minSpeechDurationMs: 250,
        minSilenceDurationMs: 100,
        maxSpeechDurationS: 30,
        speechPadMs: 30,
      },
    ],
    [
      'what is ignored',
      {
        audio_ctx: '768',
        word_thold: '0.01',
        entropy_thold: '2.4',
        max_context: '-1',
        split_on_word: 'true',
        suppress_nst: 'false',
        suppress_non_speech: 'true',
        carry_initial_prompt: 'true',
        vad_samples_overlap: '0.1',
        debug_mode: 'true',
        model: 'whisper-1',
        offset_t: '0',
        offset_n: '0',
        duration: '0',
        diarize: 'false',
        detect_language: 'false',
        constructor: '{',
      },
      {},
    ],
  ] as const) {
    test(`fields reach the engine under our names: ${what}`, async () => {
      const { status, text } = await post(fields)
      assert.equal(status, 200, text)
      const { options } = given()
      assert.deepEqual(options, { task: 'transcribe', ...expected })
      withDefaults(options) // the engine takes them
    })
  }

  test('a language is handed on, and auto with it', async () => {
    for (const [language, meant] of [
      ['pt', 'pt'],
      ['Portuguese', 'pt'],
      ['auto', 'auto'],
      ['AUTO', 'auto'],
    ]) {
      await post({ language: language! })
      assert.equal(given().language, meant)
    }
  })

  test('max_len limits the characters of a cue, at word ends', async () => {
    const { text } = await post({ response_format: 'srt', max_len: '8' })
    const cues = text
      .trim()
      .split('\n\n')
      .map((cue) => cue.split('\n').slice(2).join('\n'))
    assert.deepEqual(cues, ['Bom dia.', 'Olá &', 'até ->', 'já.'])
    assert.equal(given().options?.wordTimestamps, true)
  })

  for (const [name, value, sentence] of [
    ['response_format', 'docx', /use one of json, text, srt, verbose_json, vtt\.$/],
    ['temperature', '1.5', /a number from 0 to 1\.$/],
    ['temperature_inc', '0.01', /at most 16 temperatures\.$/],
    ['beam_size', '17', /a whole number from -1 to 16\.$/],
    ['best_of', 'many', /a whole number from -1 to 16\.$/],
    ['translate', 'maybe', /true or false\.$/],
    ['no_speech_thold', '2', /a number from 0 to 1\.$/],
    ['vad_threshold', '-1', /a number from 0 to 1\.$/],
    ['vad_max_speech_duration_s', '0', /a number from 1 on\.$/],
    ['max_len', '20', /use it with response_format srt or vtt\.$/],
    ['offset_t', '5000', /use 0: a recording is transcribed from its beginning to its end\.$/],
    ['offset_n', '7', /use 0: /],
    ['duration', '5000', /use 0: /],
    ['diarize', 'true', /use false: speakers are not told apart\.$/],
    ['tinydiarize', '1', /use false: /],
    ['detect_language', 'true', /use false: POST \/v1\/audio\/detect-language tells the language alone\.$/],
  ] as const) {
    test(`${name}=${value.slice(0, 10)} is refused by its own name, wherever it stands in the form`, async () => {
      const expected = new RegExp(`^Option ${name} has the value '.*', which is not allowed: .*${sentence.source}`)
      await assertRefused(post({ [name]: value }), 400, 'error', expected)
      await assertRefused(send('/inference', form(FILE, { name, content: value })), 400, 'error', expected)
      assert.deepEqual(transcriber.requests, [])
    })
  }

  test('beams above temperature 0 are refused, as everywhere', async () => {
    await assertRefused(post({ beam_size: '5', temperature: '0.4' }), 400, 'error', /^Option beam_size .*no beams\.$/)
  })

  test('failures are {"error"}, of any kind', async () => {
    await assertRefused(send('/inference', form()), 400, 'error', /^The request holds no file: .* named "file" /)
    await assertRefused(send('/inference', '{}', 'application/json'), 400, 'error', /^The request holds no file/)
    transcriber.script = () => Promise.reject(new AudioUnreadableError('no audio stream'))
    await assertRefused(post(), 400, 'error', /^The file could not be read as audio/)
    await assertRefused(send('/inference/nothing', ''), 404, 'error', /^Not Found$/)
    assert.equal((await send('/load', form({ name: 'model', content: '/etc/passwd' }))).status, 404)
  })

  test('docs/api.md has a row for each field', () => {
    const names = documentedNames('POST /inference')
    for (const name of Object.keys(INFERENCE_FIELDS)) assert.ok(names.includes(name), name)
  })
})
