/** Options of decoding for tests that decode windows themselves. */

import type { DecodeOptions } from '../../../src/whisper/index.ts'

/** Plain greedy search, as a reference implementation does it: no beams, no guard against loops. */
export const GREEDY: DecodeOptions = {
  temperature: 0,
  beamSize: 1,
  bestOf: 1,
  patience: 1,
  lengthPenalty: undefined,
  maxNewTokens: undefined,
  suppressTokens: [-1],
  suppressBlank: true,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  maxInitialTimestamp: 1,
  longestRepeat: Number.POSITIVE_INFINITY,
  randomOf: () => () => 0,
  signal: new AbortController().signal,
}
