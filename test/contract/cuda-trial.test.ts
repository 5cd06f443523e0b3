/** The texts by which a CUDA device is tried: what rounding changes in them, and what it does not. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { GENERATE_FILE, type LinearFormat } from '../../src/compiler/index.ts'
import { type GeneratedText, GenerateSession } from '../../src/inference/cuda/generate-session.ts'
import { TOLERANCE, TRIAL_SEED, trialTexts } from '../../src/inference/cuda/trial.ts'
import { withTrialGraphs } from '../../src/inference/trial-model.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-cuda-trial-'))
after(() => rmSync(root, { recursive: true, force: true }))

function open(format: LinearFormat): Promise<GenerateSession> {
  const options = { encoderFormat: format, decoderFormat: format, hasGenerate: true }
  return withTrialGraphs(root, TRIAL_SEED, options, async (folder) =>
    GenerateSession.open(join(folder, GENERATE_FILE), { device: 'cpu', threads: 1 }),
  )
}

const said = (texts: readonly GeneratedText[]) => texts.map(({ tokens, ended }) => `${tokens.join(' ')} ${ended}`)

let session: GenerateSession
let texts: readonly GeneratedText[]
before(async () => {
  session = await open('float32')
  texts = await trialTexts(session)
})
after(() => session[Symbol.asyncDispose]())

test('every window has a text of its own, and they end in different ways', () => {
  assert.equal(new Set(said(texts)).size, texts.length)
  assert.deepEqual(new Set(texts.map(({ ended }) => ended)), new Set(['length', 'eot']))
})

test('rounding to halves changes no token, and a number by a tenth of what is tolerated', async (t) => {
  await using half = await open('float16')
  const rounded = await trialTexts(half)
  assert.deepEqual(said(rounded), said(texts))
  const off = Math.max(
    ...texts.flatMap(({ logprobs }, i) => logprobs.map((value, j) => Math.abs(value - rounded[i]!.logprobs[j]!))),
  )
  t.diagnostic(`largest difference of a log-probability: ${off.toPrecision(2)}`)
  assert.ok(off > 0 && off < TOLERANCE / 10)
})

test('no choice is so close that a difference of twice what is tolerated would turn it', async () => {
  const shift = 2 * TOLERANCE
  const tokens = [...new Set(texts.flatMap((text) => text.tokens))]
  const timestamps = Array.from({ length: 50 }, (_, i) => 250 + i)
  const shifts = [
    ...tokens.map((token) => new Map([[token, -shift]])),
    new Map([[200, shift]]), // eot
    new Map([[200, -shift]]),
    new Map(timestamps.map((token) => [token, shift])),
    new Map(timestamps.map((token) => [token, -shift])),
  ]
  for (const favour of shifts) assert.deepEqual(said(await trialTexts(session, favour)), said(texts))
})
