/** An NVIDIA GPU that models do not use because the runtime's CUDA provider is not there, as in the image for the CPU. */

import type { EngineSettings } from '../config.ts'
import { isEightBit } from '../device-precision.ts'
import { type MachineSigns, signsOfMachine } from './candidates.ts'
import { type GraphicsCard, graphicsCards } from './nvidia.ts'

export interface UnusedGpu {
  /** Its name, where the driver tells. */
  readonly gpu: string | undefined
  readonly message: string
  /** An instruction. */
  readonly remedy: string
}

/** Parts that tests replace. */
export interface GpuSigns {
  readonly signs?: Pick<MachineSigns, 'architecture' | 'hasCudaProvider' | 'gpuFiles'>
  readonly cards?: () => Promise<readonly Pick<GraphicsCard, 'name'>[]>
}

/**
 * @param asked   the settings as they were given.
 * @param chosen  what `chooseDevice` has made of them.
 * @returns       undefined where there is no such GPU, or the CPU computes for another reason: it or its formats were asked
 *                for, the provider is there, or exists for no such machine.
 */
export async function unusedGpu(
  asked: Pick<EngineSettings, 'device' | 'dtype'>,
  chosen: Pick<EngineSettings, 'device'>,
  { signs = signsOfMachine(), cards = graphicsCards }: GpuSigns = {},
): Promise<UnusedGpu | undefined> {
  if (asked.device !== 'auto' || isEightBit(asked.dtype) || chosen.device !== 'cpu') return undefined
  if (signs.hasCudaProvider || signs.architecture !== 'x64') return undefined
  const [card] = await cards()
  if (!card && !signs.gpuFiles.some((file) => /^\/dev\/nvidia\d/.test(file))) return undefined
  return {
    gpu: card?.name,
    message: "NVIDIA's GPU is visible, but the CUDA provider is not installed, so models run on the CPU",
    remedy:
      'Use the image that Dockerfile.cuda builds, paradox-asr:cuda (docs/gpu-cuda.md), or set DEVICE=cpu if the CPU is meant.',
  }
}
