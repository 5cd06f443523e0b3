/** How OpenAI's API puts failures: `{"error": {"message", "type", "param", "code"}}`. */

import { z } from 'zod'
import { AsrError, type ErrorCode } from '../../../errors/index.ts'
import {
  type ErrorAnswer,
  type ErrorForm,
  type FailureScope,
  newerStatus,
  plainFailure,
} from '../../failures/error-forms.ts'

export const openAiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})

/** @see https://platform.openai.com/docs/guides/error-codes — `type` by the status, `code` in lower case. */
export const openAiForm: ErrorForm = (error, request) => {
  if (!(error instanceof AsrError)) {
    const { status, sentence } = plainFailure(error, request)
    return openAiAnswer(status, sentence, null, null)
  }
  const status = newerStatus(error)
  return openAiAnswer(status, error.sentence, openAiParam(error), openAiCode(error.code))
}

function openAiAnswer(status: number, message: string, param: string | null, code: string | null): ErrorAnswer {
  return { status, body: { error: { message, type: openAiType(status), param, code } } }
}

function openAiType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'server_error'
}

/** Codes that clients compare with; the others are ours, in lower case. */
const OPENAI_CODES: Partial<Record<ErrorCode, string>> = {
  ASR_API_KEY: 'invalid_api_key',
  ASR_MODEL_UNKNOWN: 'model_not_found',
  ASR_RATE_LIMITED: 'rate_limit_exceeded',
}

function openAiCode(code: ErrorCode): string {
  return OPENAI_CODES[code] ?? code.replace(/^ASR_/, '').toLowerCase()
}

/** Our names of options, where OpenAI has another for the same field. */
const OPENAI_PARAMS: Readonly<Record<string, string>> = { initial_prompt: 'prompt', hotwords: 'keywords' }

function openAiParam({ param }: AsrError): string | null {
  return param === undefined ? null : (OPENAI_PARAMS[param] ?? param)
}

export const openAiFailures: FailureScope = {
  paths: ['/v1', '/api'],
  form: openAiForm,
  meant: [
    [/\/translations?$|\/(?:audio|v1|api)\/translate$/i, '/v1/audio/translations'],
    [/\/(?:audio|v1|api)\/detect-language$/i, '/v1/audio/detect-language'],
    [/\/models$|\/api\/tags$/i, '/v1/models'],
    [/\/limits$/i, '/v1/limits'],
    [/\/(?:transcriptions?|audio)$|\/(?:audio|v1|api)\/transcribe$|^POST (?:\/|\S*\/v1)$/i, '/v1/audio/transcriptions'],
  ],
  baseUrl: "The base URL of OpenAI's clients ends with one /v1, such as http://localhost:8000/v1.",
  alike: /\/v1(?:\/|$)|^\/(?:openai|audio)\/|\/(?:completions|embeddings|responses|realtime)$/i,
  others: 'this service has what /docs describes, such as /v1/audio/transcriptions and /v1/models.',
}
