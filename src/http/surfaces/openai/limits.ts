/** `GET /v1/limits`: what a caller may send, and how busy the service is. */

import type { Config } from '../../../config.ts'
import type { QueueState } from '../../../engine/index.ts'
import type { Limits } from './limits-answer.ts'

export function limitsOf({ maxUploadBytes, admission, engine, security }: Config, state: QueueState): Limits {
  const { maxConcurrency, maxQueue, requestTimeoutMs } = admission
  return {
    object: 'limits',
    max_upload_bytes: maxUploadBytes,
    max_audio_seconds: engine.maxAudioSeconds,
    running: state.running,
    waiting: state.waiting,
    request_timeout_seconds: requestTimeoutMs === undefined ? null : requestTimeoutMs / 1000,
    requests_per_minute: security.rateLimit ?? null,
    max_concurrency: maxConcurrency,
    max_queue: maxQueue,
  }
}
