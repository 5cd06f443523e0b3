/** From the setting DTYPE to what the compiler does with each part of a model. */

import { readFileSync } from 'node:fs'
import type { Dtype } from '../config.ts'
import type { CompileOptions } from '../graph/index.ts'

/** Instructions that add up products of 8-bit numbers; without them 8-bit inputs are slower than float32, or overflow. */
const INT8_INSTRUCTIONS = /\b(avx512_vnni|avx_vnni|asimddp)\b/

/**
 * `int8`: the decoder in 8-bit blocks, the encoder's layers behind norms in smoothed 8 bits. `auto` does so where the
 * processor has the instructions for the encoder, and takes the blocks everywhere: they save memory traffic, not
 * arithmetic. Neither has a higher word error rate (docs/decisions/0009, 0010).
 */
export function formatsOf(dtype: Dtype): Pick<CompileOptions, 'encoderFormat' | 'decoderFormat'> {
  if (dtype === 'float32') return { encoderFormat: 'float32', decoderFormat: 'float32' }
  const isSmoothed = dtype === 'int8' || hasInt8Instructions()
  return { encoderFormat: isSmoothed ? 'smoothed8' : 'float32', decoderFormat: 'blocks8' }
}

function hasInt8Instructions(): boolean {
  try {
    return INT8_INSTRUCTIONS.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false // not Linux: nothing is known, so nothing is risked
  }
}
