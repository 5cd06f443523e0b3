/** What the answers to failures have in common, whatever the form: their statuses, their headers, one sentence. */

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
export const STATUSES: Partial<Record<ErrorCode, number>> = {
  ASR_UPLOAD_MISSING: 400,
  ASR_LANGUAGE_UNKNOWN: 400,
  ASR_OPTION_INVALID: 400,
  ASR_API_KEY: 401,
  ASR_ADMIN_KEY: 403,
  ASR_FOREIGN_ORIGIN: 403,
  ASR_HOST_UNKNOWN: 403,
  ASR_MODEL_ABSENT: 404,
  ASR_UPLOAD_STALLED: 408,
  ASR_MODEL_BUSY: 409,
  ASR_MODEL_FOREIGN: 409,
  ASR_UPLOAD_TOO_LARGE: 413,
  ASR_FORM_TOO_LARGE: 413,
  ASR_MEDIA_TYPE: 415,
  ASR_RATE_LIMITED: 429,
  ASR_WRONG_KEYS: 429,
  ASR_MODEL_WORK_LIMIT: 429,
  ASR_QUEUE_FULL: 429,
  ASR_SERVICE_CLOSING: 503,
  ASR_REQUEST_TIMEOUT: 503,
  ASR_PROCESS_LIMIT: 503,
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
  ASR_CACHE_SHARED: 503,
  ASR_FFMPEG_STOPPED: 503,
  ASR_CACHE_UNWRITABLE: 503,
}

/** How a surface puts a failure. */
export type ErrorForm = (error: unknown, request: FastifyRequest) => ErrorAnswer

/** A form that every failure of some paths has, those of unknown routes below them included. */
export interface FailureScope {
  readonly paths: readonly string[]
  readonly form: ErrorForm
  /** Routes by what wrong addresses for them look like, tested against `METHOD /address`; the first that fits is meant. */
  readonly meant: readonly (readonly [pattern: RegExp, route: string])[]
  /** What a client's base URL has to be; a sentence. */
  readonly baseUrl: string
  /** Addresses outside of the paths that clients of this protocol ask for. */
  readonly alike?: RegExp
  /** Said of addresses that mean none of the routes, after a colon. */
  readonly others?: string
}

/** The sentence under a key, and nothing else. */
export function sentenceForm(key: 'error' | 'detail'): ErrorForm {
  return (error, request) => {
    if (error instanceof AsrError) return { status: newerStatus(error), body: { [key]: error.sentence } }
    const { status, sentence } = plainFailure(error, request)
    return { status, body: { [key]: sentence } }
  }
}

export function newerStatus(error: AsrError): number {
  const code = isUnsupported(error.cause) ? 'ASR_CHECKPOINT_UNSUPPORTED' : error.code
  return STATUSES[code] ?? NEWER_STATUSES[code] ?? 500
}

/** What a checkpoint is does not change with another attempt, be it loaded or downloaded. */
function isUnsupported(error: unknown): boolean {
  return error instanceof AsrError && error.code === 'ASR_CHECKPOINT_UNSUPPORTED'
}

export function plainFailure(error: unknown, request: FastifyRequest): PlainFailure {
  const { statusCode = 500, message } = error as { statusCode?: number; message: string } // as Fastify's errors have it
  if (statusCode < 500) return { status: statusCode, sentence: message }
  return {
    status: 500,
    sentence: `unexpected failure; the service's log has the cause under request id ${request.id}.`,
  }
}

/** Headers that go with a failure, whatever its form. */
export function headersOf(error: unknown): Readonly<Record<string, string>> {
  if (error instanceof AsrError && error.code === 'ASR_API_KEY') return { 'www-authenticate': 'Bearer' }
  const hasRetry = error instanceof BusyError || error instanceof ModelLoadError
  return {
    ...(isVain(error) && { 'x-should-retry': 'false' }),
    ...(hasRetry && error.retryAfterSeconds !== undefined && { 'retry-after': String(error.retryAfterSeconds) }),
  }
}

/** OpenAI's clients send a failed request again; of these another attempt would cost as much and fail as well. */
function isVain(error: unknown): boolean {
  if (!(error instanceof AsrError)) return false
  return error.code === 'ASR_REQUEST_TIMEOUT' || isUnsupported(error) || isUnsupported(error.cause)
}
