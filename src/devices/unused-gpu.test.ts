import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unusedGpu } from './unused-gpu.ts'

const asked = { device: 'auto', dtype: 'auto' } as const
const cpu = { device: 'cpu' } as const
const withoutProvider = { architecture: 'x64', hasCudaProvider: false, gpuFiles: ['/dev/nvidia0'] } as const
const noCards = async () => []

test("a GPU that only the provider is missing for is told, by its device file or by the driver's program", async () => {
  const byFile = await unusedGpu(asked, cpu, { signs: withoutProvider, cards: noCards })
  assert.match(byFile!.remedy, /Dockerfile\.cuda .* paradox-asr:cuda /)
  assert.equal(byFile!.gpu, undefined)
  const byProgram = await unusedGpu(asked, cpu, {
    signs: { ...withoutProvider, gpuFiles: ['/dev/dxg'] },
    cards: async () => [{ name: 'Tesla T4' }],
  })
  assert.equal(byProgram!.gpu, 'Tesla T4')
})

test('nothing is told where the CPU computes for another reason, or does not compute', async () => {
  const told = async (
    settings: Parameters<typeof unusedGpu>[0],
    chosen: Parameters<typeof unusedGpu>[1],
    signs: Partial<typeof withoutProvider | { architecture: 'arm64' } | { hasCudaProvider: true }> = {},
  ) => await unusedGpu(settings, chosen, { signs: { ...withoutProvider, ...signs }, cards: noCards })
  assert.equal(await told({ ...asked, device: 'cpu' }, cpu), undefined)
  assert.equal(await told({ ...asked, dtype: 'int8' }, cpu), undefined)
  assert.equal(await told(asked, { device: 'webgpu' }), undefined)
  assert.equal(await told(asked, cpu, { hasCudaProvider: true }), undefined)
  assert.equal(await told(asked, cpu, { architecture: 'arm64' }), undefined)
  const others = { ...withoutProvider, gpuFiles: ['/dev/dri/renderD128', '/dev/dxg'] }
  assert.equal(await unusedGpu(asked, cpu, { signs: others, cards: noCards }), undefined)
})
