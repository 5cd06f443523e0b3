/** `GET /v1/limits`: what a caller may send, and how busy the service is. */

import { z } from 'zod'
import type { AdmissionState } from '../../../admission/index.ts'
import type { Config } from '../../../config.ts'
import type { DataOf } from '../../../schema.ts'

const count = z.int().min(0)

export const limitsSchema = z.object({
  object: z.literal('limits'),
  max_upload_bytes: count,
  max_audio_seconds: count,
  request_timeout_seconds: count.nullable().describe('null: none.'),
  requests_per_minute: count.nullable().describe('null: no limit.'),
  max_concurrency: count.describe('Recordings that are worked on at a time.'),
  max_queue: count.describe('Requests that may wait beyond that.'),
  running: count,
  waiting: count.describe('Those that still upload are among them.'),
})

export function limitsOf(
  { maxUploadBytes, admission, engine, security }: Config,
  state: AdmissionState,
): DataOf<typeof limitsSchema> {
  const { maxConcurrency, maxQueue, requestTimeoutMs } = admission
  return {
    object: 'limits',
    max_upload_bytes: maxUploadBytes,
    max_audio_seconds: engine.maxAudioSeconds,
    request_timeout_seconds: requestTimeoutMs === undefined ? null : requestTimeoutMs / 1000,
    requests_per_minute: security.rateLimit ?? null,
    max_concurrency: maxConcurrency,
    max_queue: maxQueue,
    running: state.running,
    waiting: state.waiting,
  }
}
