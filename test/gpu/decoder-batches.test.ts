/** Windows in one batch, with keys and values that stay in the memory of a Vulkan device. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { compile } from '../../src/compiler/index.ts'
import { openWebGpuBackend } from '../../src/inference/webgpu/model.ts'
import { decoderBatchContract } from '../contract/decoder-batch-contract.ts'
import { randomTensorSource, tinyShape } from '../helpers/builders/checkpoint-builder.ts'
import { softwareVulkan } from '../helpers/rigs/software-vulkan.ts'

const vulkan = softwareVulkan()
Object.assign(process.env, vulkan.env) // before the runtime looks for drivers

describe('batches on software Vulkan', { skip: vulkan.skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-batches-'))
  after(() => rmSync(root, { recursive: true, force: true }))

  decoderBatchContract(async () => {
    const shape = tinyShape({ dModel: 32, vocabSize: 1000 }) // all tokens of the tests, and few enough to be quick
    const checkpoint = {
      config: shape,
      tensors: randomTensorSource(shape, 1),
      generation: { alignmentHeads: undefined },
    }
    const folder = join(root, 'compiled')
    mkdirSync(folder)
    compile(checkpoint, folder, { target: 'webgpu' })
    const backend = await openWebGpuBackend(checkpoint, folder, { device: 'webgpu', threads: undefined })
    return { backend, vocabSize: shape.vocabSize, tolerance: 1e-4 }
  })
})
