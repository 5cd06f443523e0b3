/** Half precision on WebGPU: only where the adapter has it, which software Vulkan has not. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { chooseDevice } from '../../src/devices/index.ts'
import type { AsrError } from '../../src/errors/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { softwareVulkan } from '../helpers/rigs/software-vulkan.ts'

const vulkan = softwareVulkan()
Object.assign(process.env, vulkan.env) // inherited by the process in which the device is tried

describe('an adapter without halves', { skip: vulkan.skip }, () => {
  const choose = (env: Record<string, string>) =>
    chooseDevice(readConfig({ DEVICE: 'webgpu', ...env }).engine, silentLogger)

  test('computes in float32 where the precision is left to us', async () => {
    const { device, dtype } = await choose({})
    assert.deepEqual([device, dtype], ['webgpu', 'float32'])
  })

  test('is not given float16, and the error says what it can', async () => {
    await assert.rejects(choose({ DTYPE: 'float16' }), ({ sentence }: AsrError) => {
      assert.match(sentence, /^Setting DTYPE has the value 'float16'.*this GPU does not compute in half precision\.$/)
      return true
    })
  })
})
