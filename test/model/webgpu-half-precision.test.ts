/** Real weights as a GPU in half precision runs them, on the CPU, say what they say in float32. */

import '../helpers/fakes/halves-as-numbers.ts'
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { compile } from '../../src/compiler/index.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { baseFolder } from '../helpers/data/real-models.ts'
import { speechFile } from '../helpers/data/reference.ts'
import { decodeWhole } from '../helpers/judges/decode-whole.ts'
import { skipped } from '../helpers/skip.ts'

const base = baseFolder()
const recording = speechFile('leopard-test-pt.wav')
const skip =
  base.skip || (existsSync(recording) ? false : skipped('data', 'the recordings in ../shared/speech are absent'))
/** Portuguese, transcribe, without timestamps. */
const PROMPT = [50258, 50267, 50359, 50363]
const EOT = 50257

const root = mkdtempSync(join(tmpdir(), 'paradox-halves-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('a sentence by Whisper base', { skip }, async (t) => {
  const [expected, given] = [await sentenceIn('float32'), await sentenceIn('float16')]
  assert.deepEqual(given.tokens, expected.tokens)
  assert.equal(given.tokens.at(-1), EOT)
  const off = Math.max(...given.logprobs.map((logprob, i) => Math.abs(logprob - expected.logprobs[i]!)))
  t.diagnostic(`${given.tokens.length} tokens, whose log-probabilities differ by up to ${off.toFixed(3)}`)
  assert.ok(off < 0.05)
})

async function sentenceIn(format: 'float32' | 'float16') {
  const folder = join(root, format)
  mkdirSync(folder)
  using checkpoint = await openCheckpoint(base.folder)
  compile(checkpoint, folder, { target: 'webgpu', encoderFormat: format, decoderFormat: format })
  await using backend = await openWebGpuBackend(checkpoint, folder, { device: 'cpu', threads: undefined })
  const samples = await decodeWhole(recording)
  // With silence behind it, as windows have it: a sound that breaks off makes Whisper go on.
  using batch = backend.batch(Math.ceil(samples.length / 320) + 100, 1)
  await backend.encode(samples, batch, 0)
  await batch.prompt(0, PROMPT.slice(0, -1), [0])
  const logitBias = new Float32Array(checkpoint.config.vocabSize)
  const [tokens, logprobs]: [number[], number[]] = [[], []]
  while (tokens.at(-1) !== EOT && tokens.length < 40) {
    const best = await batch.step([{ slot: 0, tokens: [tokens.at(-1) ?? PROMPT.at(-1)!], logitBias }], 1, false)
    tokens.push(Number(best.bestTokens[0]))
    logprobs.push(best.bestLogprobs[0]!)
  }
  return { tokens, logprobs }
}
