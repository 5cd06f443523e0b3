/** onnxruntime-node as it is installed here; looked at as files, since the service must not load it. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = () => dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'))

/** The library by which it reaches CUDA, which its package does not bring along. */
export function cudaProviderPath(): string {
  return join(folder(), 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so')
}

export function runtimeVersion(): string {
  const { version } = JSON.parse(readFileSync(join(folder(), 'package.json'), 'utf8')) as { version: string } // npm demands it of every package
  return version
}
