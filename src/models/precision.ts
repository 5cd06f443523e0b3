/** From the setting DTYPE to what the compiler does with each part of a model. */

import type { Dtype } from '../config.ts'
import type { LinearFormat } from '../graph/index.ts'

/**
 * The decoder in 8-bit blocks unless float32 is asked for: half the time per token, a quarter of the memory, and no
 * higher word error rate (docs/decisions/0009). The encoder, where blocks win nothing, stays in float32.
 */
export function decoderFormatOf(dtype: Dtype): LinearFormat {
  return dtype === 'float32' ? 'float32' : 'blocks8'
}
