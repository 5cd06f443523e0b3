/** Which precision each kind of device computes in: what DTYPE may say of it, and what `auto` stands for. */

import { ConfigError } from './errors/index.ts'

export type Device = 'auto' | 'cpu' | 'webgpu' | `cuda:${number}`
/** Formats by part: `encoder=…`, `decoder=…`, or both with a comma between them. */
export type Dtype = 'auto' | 'float32' | 'float16' | 'int8' | `${'encoder' | 'decoder'}=${string}`

/** Formats that DTYPE may name for each part of a model. */
export const PART_FORMATS = {
  encoder: ['float32', 'smoothed8', 'blocks8'],
  decoder: ['float32', 'blocks8'],
} as const

interface PrecisionRule {
  readonly refuses: (dtype: string) => boolean
  /** What DTYPE may be instead. */
  readonly use: string
}

const RULES: Readonly<Record<'cpu' | 'cuda' | 'webgpu', PrecisionRule>> = {
  cpu: { refuses: (dtype) => dtype === 'float16', use: 'auto, float32 or int8 on the CPU' },
  cuda: { refuses: isEightBit, use: 'auto, float16 or float32 on a GPU' },
  // Its products of 8 bits were wrong.
  webgpu: { refuses: isEightBit, use: 'auto or float32 with DEVICE=webgpu, or DEVICE=cpu' },
}

/** Format of what DTYPE leaves open on a GPU: one that it always computes fast. The CPU's is measured. */
export const GPU_FORMAT = { cuda: 'float16', webgpu: 'float32' } as const

/** True for formats of 8 bits, which have been measured on CPUs only. */
export function isEightBit(dtype: string): boolean {
  return dtype.includes('8')
}

/** @param device  `auto` may become one that computes in any. */
export function computesIn(dtype: string, device: Device): boolean {
  const kind = kindOf(device)
  return kind === 'auto' || !RULES[kind].refuses(dtype)
}

/**
 * @param given  the word that stands in the environment.
 * @throws {ConfigError} for a precision that the device does not compute in, or would compute in slowly.
 */
export function checkPrecision(dtype: string, device: Device, given = dtype): void {
  const kind = kindOf(device)
  if (kind !== 'auto' && RULES[kind].refuses(dtype)) throw new ConfigError('DTYPE', given, RULES[kind].use)
}

export function kindOf<T extends Device>(device: T): T extends `cuda:${number}` ? 'cuda' : T
export function kindOf(device: Device): 'auto' | 'cpu' | 'webgpu' | 'cuda' {
  return device === 'auto' || device === 'cpu' || device === 'webgpu' ? device : 'cuda'
}

const DOT_PRODUCTS = /^(avx512_vnni|avx_vnni|asimddp)$/

/**
 * True where a CPU has 8-bit dot products. Without them the products of `smoothed8` overflow in 16 bits.
 *
 * @param features  of the CPU, by Linux's names; none where nothing is known.
 */
export function hasDotProducts(features: readonly string[]): boolean {
  return features.some((name) => DOT_PRODUCTS.test(name))
}
