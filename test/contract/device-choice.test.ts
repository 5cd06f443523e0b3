/** Devices that are not there: the start says so and why, and `auto` takes what is there. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { candidatesFor, signsOfMachine } from '../../src/devices/candidates.ts'
import { chooseDevice } from '../../src/devices/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { startServiceProcess } from '../helpers/rigs/service-process.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'

const signs = signsOfMachine()
const hasGpu = signs.gpuFiles.length > 0 && skipped('machine', 'this machine has a GPU')
const settingsWith = (env: Record<string, string>) => readConfig(env).engine
const choose = async (env: Record<string, string>) => await chooseDevice(settingsWith(env), silentLogger)

test('an NVIDIA GPU with the provider is tried before WebGPU, and what is not tried has its reason', () => {
  const linux = { platform: 'linux', architecture: 'x64' } as const
  const nvidia = { ...linux, hasCudaProvider: true, hasNvidiaDriver: true, gpuFiles: ['/dev/nvidia0'] }
  const none = { ...linux, hasCudaProvider: false, hasNvidiaDriver: false, gpuFiles: [] }
  assert.deepEqual(candidatesFor('auto', nvidia), { toTry: ['cuda:0', 'webgpu'], passedOver: {} })
  assert.deepEqual(candidatesFor('auto', { ...nvidia, hasCudaProvider: false }), {
    toTry: ['webgpu'],
    passedOver: { cuda: "the runtime's CUDA libraries are not installed" },
  })
  for (const dtype of ['int8', 'encoder=smoothed8'] as const) {
    const reason = `DTYPE=${dtype} asks for what only processors compute`
    assert.deepEqual(candidatesFor(dtype, nvidia), { toTry: [], passedOver: { cuda: reason, webgpu: reason } })
  }
  assert.deepEqual(candidatesFor('auto', none), {
    toTry: [],
    passedOver: { cuda: 'there is no NVIDIA driver', webgpu: 'there is no GPU' },
  })
})

describe('without a GPU', { skip: hasGpu }, () => {
  const skip = signs.hasCudaProvider && 'the CUDA provider is installed here'
  test("an image without CUDA's provider on a machine with NVIDIA's card says so, at the start and later", {
    skip,
  }, async (t) => {
    const bin = tempFolder(t)
    writeFileSync(join(bin, 'nvidia-smi'), '#!/bin/sh\necho "0, Tesla T4, 15360, 580.1"\n', { mode: 0o755 })
    const PATH = `${bin}:${process.env.PATH}`
    const service = await startServiceProcess({ PATH, DEVICE: 'auto', PARADOX_CACHE_DIR: bin })
    t.after(() => service.stop())
    const line = await service.logged(({ level }) => level === 40)
    assert.match(line.msg!, /^NVIDIA's GPU is visible, but the CUDA provider is not installed/)
    assert.equal(line.gpu, 'Tesla T4')
    assert.match(String(line.remedy), /Dockerfile\.cuda builds, paradox-asr:cuda /)
    const ask = async (path: string) => await (await fetch(service.baseUrl + path)).json()
    const health = { status: 'ok', active_model: null }
    assert.deepEqual(await ask('/health'), health)
    const warnings = [`${line.msg}. ${line.remedy}`]
    assert.deepEqual(await ask('/health/details'), { ...health, models: [], warnings })
  })

  test('auto takes the CPU', async () => {
    assert.equal((await choose({ DEVICE: 'auto' })).device, 'cpu')
  })

  test('CUDA is an error that says what to install', async () => {
    await assert.rejects(choose({ DEVICE: 'cuda:3' }), {
      code: 'ASR_DEVICE_UNAVAILABLE',
      message: /^Device 'cuda:3' cannot be used \((the runtime's CUDA provider|the library|there is no NVIDIA)/,
    })
  })

  test('WebGPU without a driver is an error that says what to install', async (t) => {
    const before = process.env.VK_DRIVER_FILES
    process.env.VK_DRIVER_FILES = '/nonexistent.json'
    t.after(() => {
      if (before === undefined) delete process.env.VK_DRIVER_FILES
      else process.env.VK_DRIVER_FILES = before
    })
    await assert.rejects(choose({ DEVICE: 'webgpu' }), {
      code: 'ASR_DEVICE_UNAVAILABLE',
      message: /^Device 'webgpu' cannot be used \(no Vulkan driver offers a GPU/,
    })
  })
})
