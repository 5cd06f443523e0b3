/** Batches as a GPU in half precision keeps them, on the CPU; no software Vulkan computes in halves. */

import '../helpers/fakes/halves-as-numbers.ts'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { compile, type LinearFormat } from '../../src/compiler/index.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { prepareWebGpuTrial } from '../../src/inference/webgpu/trial.ts'
import { randomTensorSource, tinyShape } from '../helpers/builders/checkpoint-builder.ts'
import { decoderBatchContract } from './decoder-batch-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-half-batches-'))
after(() => rmSync(root, { recursive: true, force: true }))
const shape = tinyShape()
const checkpoint = {
  config: shape,
  tensors: randomTensorSource(shape, 1),
  generation: { alignmentHeads: undefined },
}

function compiled(format: LinearFormat): string {
  const folder = join(root, format)
  mkdirSync(folder)
  compile(checkpoint, folder, { target: 'webgpu', encoderFormat: format, decoderFormat: format })
  return folder
}

describe('batches in half precision', () => {
  decoderBatchContract(async () => {
    const backend = await openWebGpuBackend(checkpoint, compiled('float16'), { device: 'cpu', threads: 1 })
    return { backend, vocabSize: shape.vocabSize, tolerance: 1e-2 }
  })
})

test('the trial of a device takes halves for what they are', async () => {
  const tryModelOn = await prepareWebGpuTrial(root)
  await tryModelOn('cpu', 'float16')
  await assert.rejects(tryModelOn('cuda:9', 'float16'), { code: 'ASR_DEVICE_UNAVAILABLE' })
})
