/** Real weights on a Vulkan device give the CPU's tokens. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { compile, type GraphTarget } from '../../src/compiler/index.ts'
import { openCpuBackend } from '../../src/inference/cpu/model.ts'
import type { StepBackend } from '../../src/inference/step-backend.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { baseFolder, type RealModel, tinyEnFolder } from '../helpers/data/real-models.ts'
import { speechFile } from '../helpers/data/reference.ts'
import { decodeWhole } from '../helpers/judges/decode-whole.ts'
import { softwareVulkan } from '../helpers/rigs/software-vulkan.ts'
import { skipped } from '../helpers/skip.ts'

const vulkan = softwareVulkan()
Object.assign(process.env, vulkan.env) // before the runtime looks for drivers
const recording = speechFile('gcp-two-people.wav')
const skip =
  vulkan.skip || (existsSync(recording) ? false : skipped('data', 'the recordings in ../shared/speech are absent'))

/** As short as the recording allows: this Vulkan takes seconds for each second of sound. */
const POSITIONS = 50
const STEPS = 4

describe('real weights on software Vulkan', { skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-tokens-'))
  after(() => rmSync(root, { recursive: true, force: true }))

  for (const [name, model, prompt] of [
    ['tiny.en', tinyEnFolder(), [50257, 50362]],
    ['base', baseFolder(), [50258, 50259, 50359, 50363]],
  ] as const) {
    test(`${name} says the same, in the likeliest row and in the one beside it`, { skip: model.skip }, async (t) => {
      const expected = await answersOf(name, model, 'cpu', prompt)
      const given = await answersOf(name, model, 'webgpu', prompt)
      assert.deepEqual(given.tokens, expected.tokens)
      const off = given.logprobs.map((logprob, i) => Math.abs(logprob - expected.logprobs[i]!))
      t.diagnostic(`tokens ${given.tokens.join(' ')}; their log-probabilities differ by up to ${Math.max(...off)}`)
      assert.ok(Math.max(...off) < 1e-3)
    })
  }

  async function answersOf(name: string, model: RealModel, target: GraphTarget, prompt: readonly number[]) {
    const folder = join(root, `${name}-${target}`)
    mkdirSync(folder)
    using checkpoint = await openCheckpoint(model.folder)
    compile(checkpoint, folder, { target })
    await using backend: StepBackend =
      target === 'webgpu'
        ? await openWebGpuBackend(checkpoint, folder, { device: 'webgpu', threads: undefined })
        : await openCpuBackend(checkpoint, folder, { device: 'cpu', threads: undefined })
    return await decode(backend, checkpoint.config.vocabSize, prompt)
  }
})

/** Two rows that part at the first token, each of which goes on with what is likeliest. */
async function decode(backend: StepBackend, vocabSize: number, prompt: readonly number[]) {
  using batch = backend.batch(POSITIONS, 2)
  const samples = await decodeWhole(recording)
  await backend.encode(samples.subarray(0, POSITIONS * 320), batch, 0)
  await batch.prompt(0, prompt.slice(0, -1), [0])
  const logitBias = new Float32Array(vocabSize)
  let tokens = [prompt.at(-1)!, prompt.at(-1)!]
  const said: number[] = []
  const logprobs: number[] = []
  for (let step = 0; step < STEPS; step++) {
    const best = await batch.step([{ slot: 0, tokens, logitBias }], 2, false)
    const chosen = step === 0 ? [0, 3] : [0, 2]
    tokens = chosen.map((i) => Number(best.bestTokens[i]))
    said.push(...tokens)
    logprobs.push(...chosen.map((i) => best.bestLogprobs[i]!))
    if (step === 2) batch.branch(0, [1, 1])
  }
  return { tokens: said, logprobs }
}
