/** What a token is: the one notion of it that search rules, segments, words and log-probabilities share. */

import type { GenerationConfig } from '../checkpoint/index.ts'
import { TIMESTAMP_TOKENS } from '../whisper-constants.ts'

export type TokenIds = Pick<GenerationConfig, 'eot' | 'timestampBegin' | 'addedText'>

/** Text lies below eot; what a fine-tune has added to it, behind the timestamps. */
export function isTextToken({ eot, addedText }: TokenIds, token: number): boolean {
  return token < eot || addedText.has(token)
}

export function isTimestampToken(ids: Pick<TokenIds, 'timestampBegin'>, token: number | undefined): boolean {
  return token !== undefined && token >= ids.timestampBegin && token < timestampEnd(ids)
}

/** The id behind the last timestamp token. */
export function timestampEnd({ timestampBegin }: Pick<TokenIds, 'timestampBegin'>): number {
  return timestampBegin + TIMESTAMP_TOKENS
}
