/**
 * The generate graph against the search step by step, on tiny random models: what the two say must be equal,
 * whatever the rules, and however many windows are decoded together.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ModelShape } from '../../src/checkpoint/index.ts'
import type { CompileOptions } from '../../src/compiler/index.ts'
import { generatedWindow, generateRequest, languageProbabilities } from '../../src/inference/cuda/generate-request.ts'
import {
  type DecodedWindow,
  type DecodeOptions,
  detectLanguage,
  type Prompt,
  sotSequence,
} from '../../src/whisper/index.ts'
import { type CheckpointOptions, tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { GREEDY } from '../helpers/builders/greedy-options.ts'
import { BothWays, type WindowToDecode } from '../helpers/rigs/both-ways.ts'
import { textOf } from '../helpers/rigs/exposed-model.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-generate-'))
after(() => rmSync(root, { recursive: true, force: true }))

const POSITIONS = 40
const PROMPT: Prompt = { language: 'en', task: 'transcribe', withTimestamps: false, previous: [], prefix: [] }

function samplesOf(window: number): Float32Array {
  const pitch = 0.03 + 0.011 * window
  return Float32Array.from({ length: POSITIONS * 320 }, (_, i) => 0.3 * Math.sin(i * pitch) + 0.1 * Math.sin(i * 0.31))
}

async function openModel(
  name: string,
  shape: ModelShape,
  options: CompileOptions & Pick<CheckpointOptions, 'vocabulary'> = {},
): Promise<BothWays> {
  const checkpoint = join(root, name)
  writeRandomCheckpoint(checkpoint, shape, { scale: 2, ...(options.vocabulary && { vocabulary: options.vocabulary }) })
  return await BothWays.open(checkpoint, join(root, `${name}-compiled`), options)
}

async function windowsOf(model: BothWays, count: number, prompt: Partial<Prompt> = {}): Promise<WindowToDecode[]> {
  const windows: WindowToDecode[] = []
  for (let i = 0; i < count; i++) {
    const features = await model.encode(samplesOf(i))
    windows.push({ features, audioContext: POSITIONS, prompt: { ...PROMPT, ...prompt } })
  }
  return windows
}

function assertEqual(found: DecodedWindow, expected: DecodedWindow, tolerance: number): void {
  assert.deepEqual(found.tokens, expected.tokens)
  assert.equal(found.ended, expected.ended)
  assert.equal(found.text, expected.text)
  for (const [i, logprob] of found.logprobs.entries()) {
    assert.ok(
      Math.abs(logprob - expected.logprobs[i]!) < tolerance,
      `logprob ${i}: ${logprob}, ${expected.logprobs[i]}`,
    )
  }
  assert.ok(Math.abs(found.avgLogprob - expected.avgLogprob) < tolerance)
  assert.ok(Math.abs(found.noSpeechProb - expected.noSpeechProb) < 1e-4)
}

async function compare(
  model: BothWays,
  windows: readonly WindowToDecode[],
  options: DecodeOptions,
  tolerance = 1e-3,
): Promise<DecodedWindow[]> {
  const together = await model.together(windows, options)
  for (const [i, window] of windows.entries()) {
    assertEqual(together[i]!, await model.stepByStep(window, options), tolerance)
  }
  return together
}

const FAMILIES: Record<string, ModelShape> = {
  whisper: tinyShape(),
  'large-v3 layout': tinyShape({ nMels: 128, vocabSize: 51866 }),
  'English-only': tinyShape({ vocabSize: 51864 }),
  distilled: tinyShape({ encoderLayers: 4, decoderLayers: 1 }),
  'low-rank': tinyShape({ lowRank: [{ q_proj: 3, k_proj: 4, v_proj: 5, out_proj: 6, fc1: 7, fc2: 8 }, { fc1: 2 }] }),
}

for (const [family, shape] of Object.entries(FAMILIES)) {
  test(`${family}: windows together say what each says alone, step by step`, async () => {
    await using model = await openModel(family, shape)
    const looping = await compare(model, await windowsOf(model, 3), { ...GREEDY, longestRepeat: 0, maxNewTokens: 30 })
    assert.ok(looping.some(({ ended }) => ended === 'loop'))
    const patient = await compare(model, await windowsOf(model, 3), { ...GREEDY, longestRepeat: 20, maxNewTokens: 60 })
    assert.ok(patient.every(({ ended, tokens }) => ended !== 'loop' || tokens.length >= 20))
    await compare(model, await windowsOf(model, 2), { ...GREEDY, maxNewTokens: 12 })
    const timed = await windowsOf(model, 3, { withTimestamps: true })
    await compare(model, timed, { ...GREEDY, longestRepeat: 0, maxNewTokens: 30 })
  })
}

describe('one model', () => {
  let model: BothWays
  before(async () => {
    model = await openModel('one', tinyShape(), { hasGenerate: true })
  })
  after(() => model[Symbol.asyncDispose]())

  test('sixteen windows that end at different steps', async () => {
    const windows = await windowsOf(model, 16, { withTimestamps: true })
    const texts = await compare(model, windows, {
      ...GREEDY,
      longestRepeat: 0,
      maxInitialTimestamp: 0.4,
      maxNewTokens: 60,
    })
    const { timestampBegin } = model.generation
    assert.ok(new Set(texts.map(({ tokens }) => tokens.length)).size > 4)
    assert.ok(texts.every(({ tokens }) => tokens[0]! >= timestampBegin && tokens[0]! <= timestampBegin + 20))
  })

  test('a text of one token, and one that fills all positions', async () => {
    const windows = await windowsOf(model, 2)
    const short = await compare(model, windows, { ...GREEDY, maxNewTokens: 1 })
    assert.deepEqual(
      short.map(({ tokens }) => tokens.length),
      [1, 1],
    )
    const [full] = await compare(model, windows.slice(1), GREEDY)
    assert.equal(full!.ended, 'length')
    assert.equal(full!.tokens.length, model.maxTextContext - 4)
  })

  test('beams of any number, with patience and a length penalty, with timestamps and without', async () => {
    const windows = await windowsOf(model, 2)
    const timed = await windowsOf(model, 2, { withTimestamps: true })
    const options = { ...GREEDY, longestRepeat: 0, maxNewTokens: 20 }
    for (const [beamSize, patience, lengthPenalty] of [
      [2, 1, undefined],
      [3, 2, 0.6],
      [5, 1, undefined],
      [4, 0.4, 1.5],
    ] as const) {
      for (const chosen of [windows, timed]) {
        await compare(model, chosen, { ...options, beamSize, patience, lengthPenalty })
      }
    }
    const texts = await compare(model, windows, { ...GREEDY, beamSize: 5, maxNewTokens: 6 })
    assert.ok(texts.every(({ ended }) => ended === 'length'))
  })

  test('text before it, a prefix, and tokens that are not to be said', async () => {
    const options = { ...GREEDY, longestRepeat: 0, maxNewTokens: 20 }
    const [plain] = await compare(model, await windowsOf(model, 1), options)
    const prompted = await windowsOf(model, 4, { previous: [100, 200, 300], prefix: [400], task: 'translate' })
    await compare(model, prompted, options)
    const [other] = await compare(model, await windowsOf(model, 1), {
      ...options,
      suppressTokens: [-1, ...plain!.tokens],
      suppressBlank: false,
    })
    assert.ok(other!.tokens.every((token) => !plain!.tokens.includes(token)))
  })

  test('samples go through the encoder inside as through the one outside', async () => {
    const windows = await windowsOf(model, 3)
    const options = { ...GREEDY, longestRepeat: 0, maxNewTokens: 30 }
    const texts = await model.whole.generate(
      { samples: [0, 1, 2].map(samplesOf) },
      windows.map(({ prompt }) => generateRequest(model, model.biases, prompt, options)),
    )
    const expected = await model.together(windows, options)
    for (const [i, { tokens }] of texts.entries()) {
      assert.deepEqual(tokens.slice(0, expected[i]!.tokens.length), expected[i]!.tokens)
    }
  })

  test('the language is detected as by a step of its own, among all or a few', async () => {
    const windows = await windowsOf(model, 4)
    const options = { ...GREEDY, longestRepeat: 0, maxNewTokens: 20 }
    for (const languages of [undefined, ['pt', 'de', 'en']]) {
      const among = languages ?? [...model.generation.languageIds.keys()]
      const texts = await model.whole.generate(
        { samples: [0, 1, 2, 3].map(samplesOf) },
        windows.map(() => generateRequest(model, model.biases, PROMPT, options, among)),
      )
      for (const [i, text] of texts.entries()) {
        using batch = model.decoder.batchOver(windows[i]!.features, POSITIONS, 1)
        const all = await detectLanguage(textOf(batch), model.generation, undefined)
        const probabilities = languageProbabilities(among, text)
        const possible = [...all].filter(([language]) => languages?.includes(language) ?? true)
        const sum = possible.reduce((total, [, probability]) => total + probability, 0)
        for (const [language, probability] of possible) {
          assert.ok(Math.abs(probabilities.get(language)! - probability / sum) < 1e-4)
        }
        const [likeliest] = possible.sort((a, b) => b[1] - a[1])
        const detected = [...probabilities].sort((a, b) => b[1] - a[1])[0]![0]
        assert.equal(detected, likeliest![0])
        const decoded = generatedWindow(model, detected, text)
        const prompt = { ...PROMPT, language: likeliest![0] }
        assertEqual(decoded, await model.stepByStep({ ...windows[i]!, prompt }, options), 1e-3)
      }
    }
  })

  test('words are aligned at once as they are afterwards', async () => {
    const windows = await windowsOf(model, 3)
    const { eot } = model.generation
    const prompt = sotSequence(model.generation, PROMPT)
    const options = {
      ...GREEDY,
      longestRepeat: 0,
      suppressBlank: false,
      suppressTokens: [],
      maxNewTokens: 9,
      alignsWords: true,
    }
    const texts = await model.whole.generate(
      { samples: [0, 1, 2].map(samplesOf) },
      windows.map(() => generateRequest(model, model.biases, PROMPT, options)),
    )
    for (const [i, { tokens, alignmentScores }] of texts.entries()) {
      const said = [...prompt, ...tokens, eot]
      const expected = await model.decoder.alignmentScores(windows[i]!.features, said)
      assert.equal(alignmentScores!.length, expected.length)
      assert.ok(alignmentScores!.every((score, j) => Math.abs(score - expected[j]!) < 1e-3))
    }
  })
})

test('text that was added behind the timestamps is said by their rules, special tokens and empty rows there never', async () => {
  const [text, otherText, special] = [51865, 51866, 51867] // and a row behind them that stands for no token
  const vocabulary = { size: 51865, added: [' country', ' ação', { content: '<|pad|>', special: true }] } as const
  await using model = await openModel('added', tinyShape({ vocabSize: 51869 }), { vocabulary })
  const { timestampBegin } = model.generation
  for (const withTimestamps of [false, true]) {
    // Of the other tokens two words may be said, and a few timestamps.
    const isSayable = (id: number) =>
      id === 300 || id === 4000 || (withTimestamps && id >= timestampBegin && id % 20 === 0)
    const suppressTokens = Array.from({ length: text }, (_, id) => id).filter((id) => !isSayable(id))
    const options = { ...GREEDY, suppressTokens, maxNewTokens: 30 }
    const texts = await compare(model, await windowsOf(model, 4, { withTimestamps }), options)
    const said = new Set(texts.flatMap(({ tokens }) => tokens))
    assert.ok(said.has(text) || said.has(otherText), [...said].join())
    assert.ok(!said.has(special) && !said.has(special + 1))
    assert.match(texts.map((decoded) => decoded.text).join(''), / country| ação/)
  }
})

test('in half precision nearly the same is said, whichever way it is decoded', async () => {
  const halves = { encoderFormat: 'float16', decoderFormat: 'float16' } as const
  await using model = await openModel('half', tinyShape(), halves)
  await using exact = await openModel('exact', tinyShape())
  const options = { ...GREEDY, longestRepeat: 0, maxNewTokens: 12 }
  const texts = await compare(model, await windowsOf(model, 4), options, 2e-2)
  const exactTexts = await exact.together(await windowsOf(exact, 4), options)
  for (const [i, text] of texts.entries()) assert.deepEqual(text.tokens[0], exactTexts[i]!.tokens[0])
})

test('layers in 8-bit blocks say the same in the generate graph', async () => {
  await using model = await openModel('blocks', tinyShape({ dModel: 64, decoderFfnDim: 64 }), {
    decoderFormat: 'blocks8',
  })
  await compare(model, await windowsOf(model, 4), { ...GREEDY, longestRepeat: 0, maxNewTokens: 30 })
})
