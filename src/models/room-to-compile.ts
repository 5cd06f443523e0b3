/** How much of the disk a checkpoint will need once it is here. Free of the runtime: the service asks before a download. */

import type { EngineSettings } from '../config.ts'
import type { RoomToCompile } from '../hub/index.ts'

/**
 * Bytes of the disk for each parameter while it is compiled: the encoder's in 8 bits, the decoder's as they are written and
 * as the runtime packs them. `make bench-real`: 1.6 for freds0, 2.4 for lite_asr, whose decoder is the larger part.
 */
const BYTES_PER_PARAMETER = { int8: 3, float32: 8 } as const

/** Of a checkpoint whose weights are to be compiled into the cache. */
export function roomToCompile({ cacheDir, dtype }: Pick<EngineSettings, 'cacheDir' | 'dtype'>): RoomToCompile {
  const perParameter = dtype.includes('float32') ? BYTES_PER_PARAMETER.float32 : BYTES_PER_PARAMETER.int8
  return { folder: cacheDir, bytesFor: (nParameters) => nParameters * perParameter }
}
