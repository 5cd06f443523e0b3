/** Requests that are refused or given up, whatever is in the recording. */

import { AsrError } from './asr-error.ts'
import { shortened } from './shortened.ts'

export class OptionInvalidError extends AsrError {
  override readonly name = 'OptionInvalidError'
  readonly code = 'ASR_OPTION_INVALID'
  readonly remedy: string
  override readonly param: string

  constructor(option: string, value: string, allowed: string) {
    super(`Option ${option} has the value '${value}', which is not allowed.`)
    this.remedy = `Use ${allowed}.`
    this.param = option
  }
}

export class LanguageUnknownError extends AsrError {
  override readonly name = 'LanguageUnknownError'
  readonly code = 'ASR_LANGUAGE_UNKNOWN'
  readonly remedy: string
  override readonly param: string

  constructor(language: string, remedy: string, param = 'language') {
    super(`Language '${language.slice(0, 100)}' is not one that this model knows.`)
    this.remedy = remedy
    this.param = param
  }
}

export class UploadMissingError extends AsrError {
  override readonly name = 'UploadMissingError'
  override readonly param: string
  readonly code = 'ASR_UPLOAD_MISSING'
  readonly remedy: string

  /** @param part  the name that the route has for the recording's part. */
  constructor(part = 'file', options?: ErrorOptions) {
    super('The request holds no file.', options)
    this.param = part
    this.remedy = `Send multipart/form-data with a part named "${part}" that has a file name.`
  }
}

export class UploadTooLargeError extends AsrError {
  override readonly name = 'UploadTooLargeError'
  override readonly param = 'file'
  readonly code = 'ASR_UPLOAD_TOO_LARGE'
  readonly remedy = 'Send a compressed file, such as mp3 or ogg, split the recording, or raise MAX_UPLOAD_MB.'

  constructor(maxBytes: number) {
    super(`The upload is larger than the allowed ${maxBytes / 1024 ** 2} MB.`)
  }
}

/** The form around the recording, whose size has a limit of its own. */
export class FormTooLargeError extends AsrError {
  override readonly name = 'FormTooLargeError'
  readonly code = 'ASR_FORM_TOO_LARGE'
  readonly remedy = 'Send one file, and the options that it needs.'

  /** @param allowed  what there may be, such as "1000 parts". */
  constructor(allowed: string) {
    super(`The form has more than the allowed ${allowed}.`)
  }
}

export class UploadStalledError extends AsrError {
  override readonly name = 'UploadStalledError'
  readonly code = 'ASR_UPLOAD_STALLED'
  readonly remedy = 'Check the connection and send the file again.'

  constructor(seconds: number) {
    super(`The upload stopped: hardly any data arrived for ${seconds} seconds.`)
  }
}

export class ServiceClosingError extends AsrError {
  override readonly name = 'ServiceClosingError'
  readonly code = 'ASR_SERVICE_CLOSING'
  readonly remedy = 'Send the request again in a moment.'

  constructor() {
    super('The service is shutting down.')
  }
}

/** The body is of a type that the route does not take. */
export class MediaTypeError extends AsrError {
  override readonly name = 'MediaTypeError'
  readonly code = 'ASR_MEDIA_TYPE'
  readonly remedy = 'Send multipart/form-data with a boundary, as every HTTP library does for forms with files.'

  constructor() {
    super('The request is not a form.')
  }
}

export class ApiKeyError extends AsrError {
  override readonly name = 'ApiKeyError'
  readonly code = 'ASR_API_KEY'
  readonly remedy = "Send the header 'Authorization: Bearer KEY' with a key that the operator has given you."

  constructor(isMissing: boolean) {
    super(isMissing ? 'The request has no API key.' : 'The API key is not one that this service knows.')
  }
}

/** The key is known, but for the models' files and memory another is needed. */
export class AdminKeyError extends AsrError {
  override readonly name = 'AdminKeyError'
  readonly code = 'ASR_ADMIN_KEY'
  readonly remedy = 'Send one of the keys that the operator has set as ADMIN_API_KEYS.'

  constructor() {
    super('The API key does not permit downloading, deleting and unloading of models.')
  }
}

/** A browser has sent it for a page of another origin. */
export class ForeignOriginError extends AsrError {
  override readonly name = 'ForeignOriginError'
  readonly code = 'ASR_FOREIGN_ORIGIN'
  readonly remedy = 'Set CORS_ORIGINS to the origins whose pages may call the service.'

  /** @param origin  as the browser has it; undefined where it does not tell. */
  constructor(origin: string | undefined) {
    super(`The request comes from a page of another origin${origin === undefined ? '' : ` (${shortened(origin)})`}.`)
  }
}

/** A browser calls the service by a name that may be a stranger's, and no key protects it. */
export class HostUnknownError extends AsrError {
  override readonly name = 'HostUnknownError'
  readonly code = 'ASR_HOST_UNKNOWN'
  readonly remedy: string

  constructor(host: string) {
    const name = shortened(host)
    super(`A browser may not use this service under the name '${name}', since it has no API key.`)
    this.remedy = `Set ALLOWED_HOSTS=${name} or API_KEYS where the service is started, or open it by its IP address.`
  }
}

/** The caller may try again after `retryAfterSeconds`. */
export abstract class BusyError extends AsrError {
  abstract readonly retryAfterSeconds: number
}

export class RateLimitedError extends BusyError {
  override readonly name = 'RateLimitedError'
  readonly code = 'ASR_RATE_LIMITED'
  readonly remedy: string
  readonly retryAfterSeconds: number

  constructor(perMinute: number, retryAfterSeconds: number) {
    super(`More than the allowed ${perMinute} requests a minute were sent.`)
    this.retryAfterSeconds = retryAfterSeconds
    this.remedy = `Wait ${retryAfterSeconds} seconds, then send the request again.`
  }
}

/** Somebody at this address is trying keys. */
export class WrongKeysError extends BusyError {
  override readonly name = 'WrongKeysError'
  readonly code = 'ASR_WRONG_KEYS'
  readonly remedy: string
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super('Too many wrong API keys came from this address.')
    this.retryAfterSeconds = retryAfterSeconds
    this.remedy = `Wait ${retryAfterSeconds} seconds, then send the request with a key that the operator has given you.`
  }
}

export class QueueFullError extends BusyError {
  override readonly name = 'QueueFullError'
  readonly code = 'ASR_QUEUE_FULL'
  readonly remedy: string
  readonly retryAfterSeconds: number

  constructor(nWaiting: number, retryAfterSeconds: number) {
    super(`The service is busy: ${nWaiting === 1 ? '1 request is' : `${nWaiting} requests are`} waiting already.`)
    this.retryAfterSeconds = retryAfterSeconds
    this.remedy = `Wait ${retryAfterSeconds} seconds, then send the request again.`
  }
}

export class RequestTimeoutError extends AsrError {
  override readonly name = 'RequestTimeoutError'
  readonly code = 'ASR_REQUEST_TIMEOUT'
  readonly remedy = 'Send a shorter recording, try again when the service is less busy, or raise REQUEST_TIMEOUT.'

  constructor(seconds: number) {
    super(`The request was given up after the allowed ${seconds} seconds.`)
  }
}
