/** What a service answers in place of a transcription, as the failure that it was there. */

import { AsrError, type ErrorCode } from '../../errors/index.ts'
import type { ServerFailure } from './answer.ts'

/** Codes of OpenAI's that stand for ours. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  model_not_found: 'ASR_MODEL_UNKNOWN',
  invalid_api_key: 'ASR_API_KEY',
  rate_limit_exceeded: 'ASR_RATE_LIMITED',
}

export class ServiceFailure extends AsrError {
  override readonly name = 'ServiceFailure'
  readonly code: ErrorCode
  /** It is a part of the message, since the service has joined them. */
  readonly remedy = ''

  constructor({ message, code }: ServerFailure) {
    super(message)
    this.code = CODES[code ?? ''] ?? `ASR_${(code ?? 'unknown').toUpperCase()}`
  }

  override get sentence(): string {
    return this.code === 'ASR_API_KEY' ? `${this.message} (--api-key, or PARADOX_API_KEY)` : this.message
  }
}
