/** What a machine lacks for a device that no session opens on, and how to get it. */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What was found of CUDA on this machine. */
export interface CudaSigns {
  /** The runtime's library for CUDA, which its package does not bring along. */
  readonly hasProvider: boolean
  /** Libraries that it asks for and the system does not find. */
  readonly missingLibraries: readonly string[]
}

/**
 * A half sentence.
 *
 * @param words  the runtime's.
 */
export function missingForCuda(words: string, { hasProvider, missingLibraries }: CudaSigns): string {
  const cudaLibraries = missingLibraries.filter((name) => !name.startsWith('libcuda.so'))
  if (!hasProvider) {
    return (
      "the runtime's CUDA provider is not installed: fetch it, on x86-64 Linux, with " +
      'ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js'
    )
  }
  if (cudaLibraries.length > 0) {
    return `these libraries are missing: ${cudaLibraries.join(', ')}; install CUDA of the version in their names, or take Dockerfile.cuda`
  }
  if (missingLibraries.length > 0 || /libcuda\.so/.test(words)) {
    return "there is no NVIDIA driver: install it, or start the container with '--gpus all'"
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
  const library = join(runtimeLibraries(), 'libonnxruntime_providers_cuda.so')
  const hasProvider = existsSync(library)
  return { hasProvider, missingLibraries: hasProvider ? notFound(library) : [] }
}

function runtimeLibraries(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))
  return join(root, 'bin', 'napi-v6', process.platform, process.arch)
}

/** Where the system has no `ldd`, none. */
function notFound(library: string): string[] {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const
    const text = execFileSync('ldd', [library], { encoding: 'utf8', timeout: 10_000, stdio: [...stdio] })
    return Array.from(text.matchAll(/^\s*(\S+) => not found/gm), ([, name]) => name!)
  } catch {
    return []
  }
}
