/** Windows in one batch, with keys and values in our own memory and as a GPU keeps them, both on the CPU. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { type CompileOptions, compile } from '../../src/compiler/index.ts'
import { openCpuBackend } from '../../src/inference/cpu/model.ts'
import type { StepBackend } from '../../src/inference/step-backend.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { decoderBatchContract, largestDifference, samplesOf } from './decoder-batch-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-batches-'))
after(() => rmSync(root, { recursive: true, force: true }))
const shape = tinyShape()
const settings = { device: 'cpu', threads: 1 } as const
writeRandomCheckpoint(join(root, 'checkpoint'), shape)
using checkpoint = await openCheckpoint(join(root, 'checkpoint'))

function compiled(target: NonNullable<CompileOptions['target']>): string {
  const folder = join(root, target)
  mkdirSync(folder)
  compile(checkpoint, folder, { target })
  return folder
}
const folders = { cpu: compiled('cpu'), webgpu: compiled('webgpu') }
const subject = { vocabSize: shape.vocabSize, tolerance: 1e-4 }

describe('batches in our own memory', () => {
  decoderBatchContract(async () => ({
    ...subject,
    backend: await openCpuBackend(checkpoint, folders.cpu, settings),
  }))
})

describe('batches as a GPU keeps them', () => {
  decoderBatchContract(async () => ({
    ...subject,
    backend: await openWebGpuBackend(checkpoint, folders.webgpu, settings),
  }))
})

test('both give the same logits, the same candidates and the same attention to the audio', async () => {
  await using cpu = await openCpuBackend(checkpoint, folders.cpu, settings)
  await using webgpu = await openWebGpuBackend(checkpoint, folders.webgpu, settings)
  const results = []
  const backends: readonly StepBackend[] = [cpu, webgpu]
  for (const backend of backends) {
    using batch = backend.batch(60, 2)
    await backend.encode(samplesOf(60), batch, 0)
    const prompted = (await batch.prompt(0, [50258, 11, 500], [0, 2])).slice()
    const logitBias = new Float32Array(shape.vocabSize).fill(Number.NEGATIVE_INFINITY, 0, 30_000)
    const stepped = await batch.step([{ slot: 0, tokens: [7, 8], logitBias }], 3, true)
    const scores = await backend.align(batch, 0, [50258, 11, 500, 7])
    results.push({ prompted, scores, logits: stepped.logits!, best: [...stepped.bestTokens] })
  }
  const [a, b] = results as [(typeof results)[number], (typeof results)[number]]
  for (const name of ['prompted', 'scores', 'logits'] as const) {
    assert.ok(largestDifference(a[name], b[name]) < 1e-4, name)
  }
  assert.deepEqual(a.best, b.best)
})
