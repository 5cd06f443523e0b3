/** Which devices `auto` tries, in order, and why it does not try the others. Looks at files only. */

import { existsSync, readdirSync } from 'node:fs'
import { computesIn, type Device, type Dtype } from '../device-precision.ts'
import { cudaProviderPath } from '../runtime-package.ts'

export interface Candidates {
  readonly toTry: readonly Exclude<Device, 'auto'>[]
  /** Devices that cannot be it, each with the reason. */
  readonly passedOver: Readonly<Record<string, string>>
}

/** Signs that a machine may have a GPU. */
export interface MachineSigns {
  readonly platform: NodeJS.Platform
  readonly architecture: NodeJS.Architecture
  /** The library by which the runtime reaches CUDA. */
  readonly hasCudaProvider: boolean
  readonly hasNvidiaDriver: boolean
  /** Device files by which a process reaches a GPU; none on systems that have no such files. */
  readonly gpuFiles: readonly string[]
}

export function candidatesFor(dtype: Dtype, signs: MachineSigns): Candidates {
  const cuda = whyNotCuda(dtype, signs)
  const webgpu = whyNotWebGpu(dtype, signs)
  return {
    toTry: [
      ...(cuda === undefined ? (['cuda:0'] as const) : []),
      ...(webgpu === undefined ? (['webgpu'] as const) : []),
    ],
    passedOver: { ...(cuda !== undefined && { cuda }), ...(webgpu !== undefined && { webgpu }) },
  }
}

function whyNotCuda(dtype: Dtype, { hasCudaProvider, hasNvidiaDriver }: MachineSigns): string | undefined {
  if (!computesIn(dtype, 'cuda:0')) return whyNotIn(dtype)
  if (!hasNvidiaDriver) return 'there is no NVIDIA driver'
  return hasCudaProvider ? undefined : "the runtime's CUDA libraries are not installed"
}

function whyNotWebGpu(dtype: Dtype, { platform, gpuFiles }: MachineSigns): string | undefined {
  if (!computesIn(dtype, 'webgpu')) return whyNotIn(dtype)
  if (platform === 'darwin') return undefined
  if (platform !== 'linux') return 'on this system a real GPU cannot be told from one played by the processor'
  return gpuFiles.length > 0 ? undefined : 'there is no GPU'
}

function whyNotIn(dtype: Dtype): string {
  return `DTYPE=${dtype} asks for what only processors compute`
}

export function signsOfMachine(): MachineSigns {
  const files = [
    ...listing('/dev/dri').map((name) => `/dev/dri/${name}`),
    ...listing('/dev').map((name) => `/dev/${name}`),
  ]
  const gpuFiles = files.filter((path) => /^\/dev\/(dri\/renderD\d+|nvidia\d+|dxg)$/.test(path))
  return {
    platform: process.platform,
    architecture: process.arch,
    hasCudaProvider: existsSync(cudaProviderPath()),
    hasNvidiaDriver: gpuFiles.some((path) => /nvidia|dxg/.test(path)),
    gpuFiles,
  }
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
