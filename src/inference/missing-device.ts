/** What a machine lacks for a device that no session opens on, and how to get it. */

import { existsSync } from 'node:fs'
import { cudaProviderPath } from '../runtime-package.ts'

/** What was found of CUDA on this machine. */
export interface CudaSigns {
  /** The runtime's library for CUDA, which its package does not bring along. */
  readonly hasProvider: boolean
  /** The first library that it asks for and the system does not find. */
  readonly missingLibrary: string | undefined
}

/**
 * A half sentence.
 *
 * @param words  the runtime's.
 */
export function missingForCuda(words: string, { hasProvider, missingLibrary }: CudaSigns): string {
  if (!hasProvider) {
    return (
      "the runtime's CUDA provider is not installed: fetch it, on x86-64 Linux, with " +
      'ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js'
    )
  }
  if (missingLibrary?.startsWith('libcuda.so') || /libcuda\.so/.test(words)) {
    return "there is no NVIDIA driver: install it, or start the container with '--gpus all'"
  }
  if (missingLibrary !== undefined) {
    return `the library ${missingLibrary} is missing: install CUDA and cuDNN of the version in its name, or take Dockerfile.cuda`
  }
  for (const [pattern, what] of CUDA_SAYS) if (pattern.test(words)) return what
  return 'its driver or provider does not work'
}

/** @see https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html, cudaError — numbers and names. */
const CUDA_SAYS: readonly (readonly [RegExp, string])[] = [
  [
    /CUDA failure (35|803|804)\b|insufficient driver|driver version is insufficient|forward compatibility/i,
    "NVIDIA's driver is too old for this CUDA: install a newer one",
  ],
  [
    /CUDA failure 100\b|no CUDA-capable device/i,
    "the driver offers no GPU: look at nvidia-smi, and start a container with '--gpus all'",
  ],
  [
    /CUDA failure 101\b|invalid device ordinal|invalid device id/i,
    'there is no GPU of this number: look at nvidia-smi',
  ],
  [/cudnn/i, 'cuDNN 9 is missing or does not fit: install it for the CUDA that is here'],
  [/CUDA failure 2\b|out of memory/i, 'its memory is full: end other programs that use it'],
  [/no kernel image/i, 'the GPU is older or newer than what the runtime was built for'],
]

/** A half sentence. @param words  the runtime's. */
export function missingForWebGpu(words: string, platform: NodeJS.Platform): string {
  if (!/adapter/i.test(words)) return 'its driver does not do what is needed: a newer one may'
  return platform === 'linux'
    ? 'no Vulkan driver offers a GPU that will do: the loader, libvulkan1, and a recent driver of the GPU are needed'
    : 'the system offers no GPU that will do'
}

export function cudaSigns(): CudaSigns {
  const library = cudaProviderPath()
  const hasProvider = existsSync(library)
  return { hasProvider, missingLibrary: hasProvider ? missingFor(library) : undefined }
}

/** The runtime keeps the loader's words to itself, so the loader is asked once more. */
function missingFor(library: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, library)
  } catch (error) {
    // What is no module of Node fails in any case, and else in other words.
    return /(?:^|\/)([^/\s:]+): cannot open shared object file/.exec(String((error as Error).message))?.[1]
  }
  return undefined
}
