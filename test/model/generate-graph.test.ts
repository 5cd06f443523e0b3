/**
 * The generate graph against the search step by step, on real weights and real speech: Whisper base, its
 * English-only sister, LiteASR's encoder. On the CPU, since what is asked is whether they say the same.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { DecodedWindow, DecodeOptions, Prompt } from '../../src/whisper/index.ts'
import { GREEDY } from '../helpers/builders/greedy-options.ts'
import { baseFolder, lowRankBaseFolder, tinyEnFolder } from '../helpers/data/real-models.ts'
import { anyRecordings } from '../helpers/data/recordings.ts'
import { decodeWhole } from '../helpers/judges/decode-whole.ts'
import { BothWays, type WindowToDecode } from '../helpers/rigs/both-ways.ts'

const MOST = 16
/** Short windows, of which many are heard in the time of a long one. */
const POSITIONS = 200

const OPTIONS: DecodeOptions = { ...GREEDY, longestRepeat: 0, maxNewTokens: 60 }

const MODELS = [
  { name: 'whisper-base', folder: baseFolder, languages: ['en', 'pt'] },
  { name: 'whisper-tiny.en', folder: tinyEnFolder, languages: ['en'] },
  { name: 'lite-whisper-base', folder: lowRankBaseFolder, languages: ['en', 'pt'] },
]

const { recordings, absent } = anyRecordings()

for (const { name, folder, languages } of MODELS) {
  const weights = await folder()
  describe(`${name}, generated`, { skip: absent ?? weights.skip }, () => {
    const compiled = mkdtempSync(join(tmpdir(), 'paradox-generate-'))
    let model: BothWays
    let windows: WindowToDecode[]
    const alone = new Map<string, DecodedWindow>()

    /** Windows `from` up to `to` in one run; each must say what it says alone. */
    async function compare(
      from: number,
      to: number,
      prompt: Partial<Prompt>,
      options = OPTIONS,
    ): Promise<DecodedWindow[]> {
      const chosen = windows.slice(from, to).map((window) => ({ ...window, prompt: { ...window.prompt, ...prompt } }))
      const together = await model.together(chosen, options)
      let largest = 0
      for (const [i, found] of together.entries()) {
        const key = JSON.stringify([from + i, prompt, options])
        const expected = alone.get(key) ?? (await model.stepByStep(chosen[i]!, options))
        alone.set(key, expected)
        assert.deepEqual(found.tokens, expected.tokens, expected.text)
        assert.equal(found.ended, expected.ended)
        const errors = found.logprobs.map((logprob, j) => Math.abs(logprob - expected.logprobs[j]!))
        largest = Math.max(largest, ...errors, Math.abs(found.noSpeechProb - expected.noSpeechProb))
      }
      assert.ok(largest < 1e-3, `log-probabilities differ by ${largest}`)
      return together
    }

    before(async () => {
      model = await BothWays.open(weights.folder, compiled)
      windows = await speechWindows(model, languages, MOST)
    })
    after(async () => {
      await model?.[Symbol.asyncDispose]()
      rmSync(compiled, { recursive: true, force: true })
    })

    test('sixteen windows, which end at different steps, say what each says alone', async (t) => {
      const texts = await compare(0, MOST, {})
      t.diagnostic(texts.map(({ text }) => text.trim()).join(' | '))
      assert.ok(new Set(texts.map(({ tokens }) => tokens.length)).size >= 4)
      assert.ok(texts.some(({ ended }) => ended === 'eot')) // the others are cut off at the longest
    })

    test('so do one, two and five', async () => {
      await compare(0, 1, {})
      await compare(3, 5, {})
      await compare(7, 12, {})
    })

    test('and with five beams, as they are the default', async () => {
      await compare(0, 3, {}, { ...OPTIONS, beamSize: 5 })
    })

    test('and with timestamp tokens by their rules', async () => {
      const texts = await compare(0, 3, { withTimestamps: true })
      const { timestampBegin } = model.generation
      for (const { tokens } of texts) assert.ok(tokens[0]! >= timestampBegin && tokens[0]! <= timestampBegin + 50)
    })
  })
}

test('Whisper base says the same in half precision', { skip: absent ?? baseFolder().skip }, async (t) => {
  const compiled = mkdtempSync(join(tmpdir(), 'paradox-generate-'))
  t.after(() => rmSync(compiled, { recursive: true, force: true }))
  const texts: DecodedWindow[][] = []
  for (const format of ['float32', 'float16'] as const) {
    const formats = { encoderFormat: format, decoderFormat: format }
    await using model = await BothWays.open(baseFolder().folder, join(compiled, format), formats)
    texts.push(await model.together(await speechWindows(model, ['en', 'pt'], 4), OPTIONS))
  }
  const [exact, half] = texts as [DecodedWindow[], DecodedWindow[]]
  for (const [i, { tokens, logprobs }] of exact.entries()) {
    assert.deepEqual(half[i]!.tokens, tokens)
    assert.ok(logprobs.every((logprob, j) => Math.abs(logprob - half[i]!.logprobs[j]!) < 0.05))
  }
})

/** Windows of so many recordings, each as long as the others. */
async function speechWindows(model: BothWays, languages: readonly string[], count: number): Promise<WindowToDecode[]> {
  const windows: WindowToDecode[] = []
  for (const { path, language, text, durationSeconds } of recordings) {
    if (!text || !languages.includes(language) || durationSeconds < 1.5 || durationSeconds > 30) continue
    const window = new Float32Array(POSITIONS * 320)
    window.set((await heard(path)).subarray(0, (1.2 + windows.length / 6) * 16_000))
    const prompt: Prompt = { language, task: 'transcribe', withTimestamps: false, previous: [], prefix: [] }
    windows.push({ features: await model.encode(window), audioContext: POSITIONS, prompt })
    if (windows.length === count) break
  }
  return windows
}

const samplesOf = new Map<string, Float32Array>()

/** A recording's samples, read once for all models. */
async function heard(path: string): Promise<Float32Array> {
  const samples = samplesOf.get(path) ?? (await decodeWhole(path))
  samplesOf.set(path, samples)
  return samples
}
