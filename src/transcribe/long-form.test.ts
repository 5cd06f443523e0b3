import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DecodedWindow } from '../decode/index.ts'
import { transcribeLongForm } from './long-form.ts'
import type { WindowDecodeOptions, WindowModel } from './window-model.ts'

const RATE = 16_000

interface Call {
  readonly nWindows: number
  readonly audioContext: number
  readonly language: string | undefined
}

/** Answers each window from a list, and remembers how it was asked. */
class ScriptedModel implements WindowModel {
  readonly batchSize = 2
  readonly calls: Call[] = []
  readonly #answers: Partial<DecodedWindow>[]

  constructor(answers: Partial<DecodedWindow>[]) {
    this.#answers = answers
  }
  async decode(
    windows: readonly Float32Array[],
    audioContext: number,
    { language }: WindowDecodeOptions,
  ): Promise<DecodedWindow[]> {
    this.calls.push({ nWindows: windows.length, audioContext, language })
    return windows.map(() => ({ ...ORDINARY, ...this.#answers.shift() }))
  }
}

const ORDINARY: DecodedWindow = {
  tokens: [1],
  text: ' fala',
  language: 'pt',
  avgLogprob: -0.3,
  compressionRatio: 1.2,
  noSpeechProb: 0.01,
  ended: 'eot',
}

function noise(seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * RATE }, (_, i) => Math.sin(i * 0.3) * 0.1)
}

/** Three windows: half a second of silence at 29 s and 58 s is where the cuts fall. */
function threeWindows(): Float32Array {
  const samples = noise(80)
  for (const pause of [29, 58]) samples.fill(0, pause * RATE, (pause + 0.5) * RATE)
  return samples
}

async function* once(samples: Float32Array): AsyncGenerator<Float32Array> {
  yield samples
}

const options = { language: undefined, signal: new AbortController().signal }

test('the text of all windows is joined in order, and the language of the first holds for the rest', async () => {
  const model = new ScriptedModel([
    { text: ' um' },
    { text: ' dois', language: 'gl' },
    { text: ' três', language: 'es' },
  ])
  const result = await transcribeLongForm(once(threeWindows()), model, options)
  assert.equal(result.text, 'um dois três')
  assert.equal(result.language, 'pt')
  assert.equal(result.durationSeconds, 80)
  assert.deepEqual(
    model.calls.map((call) => call.language),
    [undefined, 'pt'],
  )
  assert.deepEqual(
    result.segments.map((segment) => segment.id),
    [0, 1, 2],
  )
})

test('a short recording is encoded with a short context, at least 12 s and 5 s more than the sound', async () => {
  for (const [seconds, positions] of [
    [1, 600],
    [7, 600],
    [9, 700],
    [20, 1250],
    [26, 1500],
  ] as const) {
    const model = new ScriptedModel([])
    await transcribeLongForm(once(noise(seconds)), model, options)
    assert.deepEqual(
      model.calls.map((call) => call.audioContext),
      [positions],
    )
  }
})

test('a doubtful result at a short context is decoded once more at the full one, and that answer stands', async () => {
  for (const doubt of [{ ended: 'loop' }, { compressionRatio: 3 }, { avgLogprob: -1.4 }] as const) {
    const model = new ScriptedModel([{ text: ' errado', ...doubt }, { text: ' certo' }])
    const result = await transcribeLongForm(once(noise(5)), model, options)
    assert.equal(result.text, 'certo')
    assert.deepEqual(
      model.calls.map((call) => call.audioContext),
      [600, 1500],
    )
  }
})

test('at the full context there is nothing to try again', async () => {
  const model = new ScriptedModel([{ text: ' talvez', avgLogprob: -1.4 }])
  await transcribeLongForm(once(noise(28)), model, options)
  assert.equal(model.calls.length, 1)
})

test('digital silence never reaches the model and gives an empty text', async () => {
  const model = new ScriptedModel([])
  const result = await transcribeLongForm(once(new Float32Array(40 * RATE)), model, options)
  assert.equal(result.text, '')
  assert.deepEqual(result.segments, [])
  assert.equal(result.durationSeconds, 40)
  assert.equal(model.calls.length, 0)
})

test('what the model itself takes for silence and is unsure of is left out', async () => {
  const unsure = { noSpeechProb: 0.9, avgLogprob: -1.5, text: ' obrigado por assistir' }
  const model = new ScriptedModel([unsure, unsure])
  assert.equal((await transcribeLongForm(once(noise(5)), model, options)).text, '')
})

test('windows of a language without spaces are joined without one', async () => {
  const model = new ScriptedModel([
    { text: '東京', language: 'ja' },
    { text: '大阪', language: 'ja' },
  ])
  assert.equal((await transcribeLongForm(once(noise(50)), model, options)).text, '東京大阪')
})

test('progress is told in seconds of the recording', async () => {
  const done: number[] = []
  await transcribeLongForm(once(noise(100)), new ScriptedModel([]), { ...options, onProgress: (s) => done.push(s) })
  assert.equal(done.at(-1), 100)
  assert.ok(done.length > 1)
})
