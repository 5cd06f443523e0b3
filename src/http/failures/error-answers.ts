/**
 * What a failure is answered with, in the form that callers of its route know: `{"detail"}` of the first contract,
 * OpenAI's `{"error": {…}}` below /v1 and /api, `{"error": "…"}` of whisper.cpp's server, `{"detail"}` of
 * whisper-asr-webservice.
 */

import type { FastifyRequest } from 'fastify'
import { AsrError, BusyError, type ErrorCode, ModelLoadError } from '../../errors/index.ts'

/** Of one failure, for one form. */
export interface ErrorAnswer {
  readonly status: number
  readonly body: object
}

/** A failure of the framework, or a defect of ours, as a status and a sentence. */
interface PlainFailure {
  readonly status: number
  readonly sentence: string
}

/** Statuses that hold for every form. Codes that are in no table here are failures of the processing: 500. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  ASR_UPLOAD_MISSING: 400,
  ASR_LANGUAGE_UNKNOWN: 400,
  ASR_OPTION_INVALID: 400,
  ASR_API_KEY: 401,
  ASR_MODEL_ABSENT: 404,
  ASR_UPLOAD_STALLED: 408,
  ASR_MODEL_BUSY: 409,
  ASR_UPLOAD_TOO_LARGE: 413,
  ASR_MEDIA_TYPE: 415,
  ASR_RATE_LIMITED: 429,
  ASR_QUEUE_FULL: 429,
  ASR_SERVICE_CLOSING: 503,
  ASR_REQUEST_TIMEOUT: 503,
  ASR_DEVICE_OUT_OF_MEMORY: 503,
}

/** Where the newer forms say more than 500: the caller's file, or a model that another attempt may find. */
const NEWER_STATUSES: Partial<Record<ErrorCode, number>> = {
  ASR_AUDIO_EMPTY: 400,
  ASR_AUDIO_UNREADABLE: 400,
  ASR_AUDIO_TOO_LONG: 400,
  ASR_AUDIO_TIMEOUT: 400,
  ASR_MODEL_UNKNOWN: 404,
  ASR_MODEL_LOAD_FAILED: 503,
  ASR_DISK_FULL: 503,
  ASR_DISK_TOO_SMALL: 503,
  // Of a download by `POST /v1/models/{id}`. What keeps a model from loading arrives as ASR_MODEL_LOAD_FAILED.
  ASR_HUB_NOT_FOUND: 404,
  ASR_CHECKPOINT_FILE_MISSING: 400,
  ASR_CHECKPOINT_CORRUPT: 503,
  ASR_HUB_UNREACHABLE: 503,
  ASR_HUB_UNAUTHORIZED: 503,
  ASR_PROXY_FAILED: 503,
  ASR_CERTIFICATE_UNTRUSTED: 503,
  ASR_HUB_RATE_LIMITED: 503,
  ASR_HUB_OFFLINE: 503,
  ASR_PACKAGE_INDEX_FAILED: 503,
  ASR_SOURCES_EXHAUSTED: 503,
  ASR_CACHE_UNWRITABLE: 503,
}

export function answerTo(error: unknown, request: FastifyRequest): ErrorAnswer {
  return formOf(request.url)(error, request)
}

type ErrorForm = (error: unknown, request: FastifyRequest) => ErrorAnswer

/** @param url  of the request, also of one that no route has. */
export function formOf(url: string): ErrorForm {
  if (/^\/(v1|api)(\/|$)/.test(url)) return openAiForm
  if (/^\/inference([/?]|$)/.test(url)) return whisperCppForm
  if (/^\/(asr|detect-language)([/?]|$)/.test(url)) return asrWebserviceForm
  return detailForm
}

/** The form of the first contract, whose own sentences are in Portuguese. */
const detailForm: ErrorForm = (error, request) => {
  if (!(error instanceof AsrError)) {
    const { status, sentence } = plainFailure(error, request)
    return { status, body: { detail: status === 500 ? processingFailed(sentence) : sentence } }
  }
  if (error.code === 'ASR_UPLOAD_MISSING') return { status: 400, body: { detail: 'Nenhum arquivo enviado.' } }
  if (error.code === 'ASR_MODEL_UNKNOWN') {
    return { status: 400, body: { detail: `Modelo '${request.facts.modelId}' não suportado.` } }
  }
  const status = STATUSES[error.code] ?? 500
  return { status, body: { detail: status === 500 ? processingFailed(error.sentence) : error.sentence } }
}

function processingFailed(sentence: string): string {
  return `Erro no processamento de áudio: ${sentence}`
}

/** @see https://platform.openai.com/docs/guides/error-codes — `type` by the status, `code` in lower case. */
const openAiForm: ErrorForm = (error, request) => {
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

const whisperCppForm = sentenceForm('error')
const asrWebserviceForm = sentenceForm('detail')

function sentenceForm(key: 'error' | 'detail'): ErrorForm {
  return (error, request) => {
    if (error instanceof AsrError) return { status: newerStatus(error), body: { [key]: error.sentence } }
    const { status, sentence } = plainFailure(error, request)
    return { status, body: { [key]: sentence } }
  }
}

function newerStatus({ code }: AsrError): number {
  return STATUSES[code] ?? NEWER_STATUSES[code] ?? 500
}

function plainFailure(error: unknown, request: FastifyRequest): PlainFailure {
  const { statusCode = 500, message } = error as { statusCode?: number; message: string } // as Fastify's errors have it
  if (statusCode < 500) return { status: statusCode, sentence: message }
  return {
    status: 500,
    sentence: `unexpected failure; the service's log has the cause under request id ${request.id}.`,
  }
}

/** Headers that go with a failure, whatever its form. */
export function headersOf(error: unknown): Readonly<Record<string, string>> {
  // OpenAI's clients send a failed request again; of these another attempt would cost as much and fail as well.
  if (error instanceof AsrError && error.code === 'ASR_REQUEST_TIMEOUT') return { 'x-should-retry': 'false' }
  if (error instanceof AsrError && error.code === 'ASR_API_KEY') return { 'www-authenticate': 'Bearer' }
  const hasRetry = error instanceof BusyError || error instanceof ModelLoadError
  return hasRetry && error.retryAfterSeconds !== undefined ? { 'retry-after': String(error.retryAfterSeconds) } : {}
}
