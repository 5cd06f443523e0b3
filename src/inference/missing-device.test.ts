import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingForCuda, missingForWebGpu } from './missing-device.ts'
import { isOutOfMemory } from './session.ts'

const WHOLE = { hasProvider: true, missingLibrary: undefined }

test('what CUDA lacks is named: the provider, its libraries, the driver, a newer one, the GPU', () => {
  for (const [words, signs, expected] of [
    [
      'Failed to load shared library',
      { hasProvider: false, missingLibrary: undefined },
      /provider is not installed.*install\.js/,
    ],
    [
      'Failed to load shared library',
      { hasProvider: true, missingLibrary: 'libcudart.so.13' },
      /libcudart\.so\.13 is missing: install CUDA/,
    ],
    ['Failed to load shared library', { hasProvider: true, missingLibrary: 'libcuda.so.1' }, /no NVIDIA driver/],
    ['CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', WHOLE, /too old/],
    ['CUDA failure 100: no CUDA-capable device is detected', WHOLE, /--gpus all/],
    ['CUDA failure 101: invalid device ordinal ; GPU=7', WHOLE, /no GPU of this number/],
    ['libcudnn.so.9: cannot open shared object file', WHOLE, /cuDNN 9/],
    ['CUDA failure 2: out of memory', WHOLE, /memory is full/],
    ['something new', WHOLE, /does not work/],
  ] as const) {
    assert.match(missingForCuda(words, signs), expected, words)
  }
})

test('without an adapter WebGPU lacks a driver, and with one that fails a newer one', () => {
  assert.match(missingForWebGpu('Failed to get a WebGPU adapter: No supported adapters', 'linux'), /libvulkan1/)
  assert.match(missingForWebGpu('Failed to get a WebGPU adapter: No supported adapters', 'darwin'), /no GPU/)
  assert.match(missingForWebGpu('Failed to create shader module', 'linux'), /newer/)
})

test('what CUDA, Vulkan and the arenas say of memory is told from other failures', () => {
  for (const [words, isMemory] of [
    ['Failed to allocate memory for requested buffer of size 786432000', true],
    ['CUDA failure 2: out of memory ; GPU=0', true],
    ['vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY', true],
    ['[Invalid Buffer] is invalid.', true],
    ['CUDA failure 719: unspecified launch failure', false],
    ['CUDA failure 21: whatever', false],
    ['Device is lost', false],
  ] as const) {
    assert.equal(isOutOfMemory(new Error(words)), isMemory, words)
  }
})
