/** The ways in which a model is run: as the settings have it, and with one approximation of it undone. */

import type { Dtype, EngineSettings } from '../../config.ts'

export interface Variant {
  /** As tables and JSON call it. */
  readonly name: string
  readonly dtype: Dtype
  readonly audioContext: EngineSettings['audioContext']
}

/** Formats that the parts of a model were compiled to. */
export interface Formats {
  readonly encoder: string
  readonly decoder: string
}

export function asSet({ dtype, audioContext }: Pick<EngineSettings, 'dtype' | 'audioContext'>): Variant {
  return { name: 'as set', dtype, audioContext }
}

/** @returns undefined where the model computes in float32 already. */
export function inFloat32(variant: Variant, formats: Formats | undefined): Variant | undefined {
  const isExact = formats ? formats.encoder === 'float32' && formats.decoder === 'float32' : variant.dtype === 'float32'
  return isExact ? undefined : { ...variant, name: 'float32', dtype: 'float32' }
}

/** @returns undefined where every window gets the full context already. */
export function withFullContext(variant: Variant): Variant | undefined {
  return variant.audioContext === 'full' ? undefined : { ...variant, name: 'full context', audioContext: 'full' }
}

/**
 * Variants between a precision that is worse than the limits and float32 for everything: one part of the two in float32,
 * the encoder first, since the decoder's weights are what a step waits for.
 */
export function inFloat32ByPart(variant: Variant, formats: Formats | undefined): Variant[] {
  // float16 exists for the whole model only.
  if (formats === undefined || !/8/.test(formats.encoder) || !/8/.test(formats.decoder)) return []
  return [
    { ...variant, name: 'encoder float32', dtype: `encoder=float32,decoder=${formats.decoder}` },
    { ...variant, name: 'decoder float32', dtype: `encoder=${formats.encoder},decoder=float32` },
  ]
}
