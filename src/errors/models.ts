/** Models that are not there, or cannot be loaded. */

import { AsrError } from './asr-error.ts'
import { BusyError } from './requests.ts'

export class ModelUnknownError extends AsrError {
  override readonly name = 'ModelUnknownError'
  readonly code = 'ASR_MODEL_UNKNOWN'
  readonly remedy: string
  readonly modelId: string
  override readonly param = 'model'

  constructor(modelId: string, known: readonly string[]) {
    super(`Model '${modelId}' is not known.`)
    this.modelId = modelId
    this.remedy = `Choose one of: ${known.join(', ')}.`
  }
}

/** The model is known, but not where the caller wants it to be. */
export class ModelAbsentError extends AsrError {
  override readonly name = 'ModelAbsentError'
  readonly code = 'ASR_MODEL_ABSENT'
  readonly remedy: string
  override readonly param = 'model'

  constructor(modelId: string, where: 'memory' | 'disk') {
    super(where === 'memory' ? `Model '${modelId}' is not loaded.` : `Model '${modelId}' is not on this machine.`)
    this.remedy = `Look at 'GET ${where === 'memory' ? '/api/ps' : '/v1/models'}', which lists those that are.`
  }
}

/** Its files are on this machine, but it was not this service that brought them. */
export class ModelForeignError extends AsrError {
  override readonly name = 'ModelForeignError'
  readonly code = 'ASR_MODEL_FOREIGN'
  readonly remedy = "Have the operator delete it on the machine, with 'paradox models rm --force'."
  override readonly param = 'model'

  constructor(modelId: string) {
    super(`The files of model '${modelId}' were brought to this machine by another program.`)
  }
}

/** Too many loads or downloads are asked for at once, by this caller or by all. */
export class ModelWorkLimitError extends BusyError {
  override readonly name = 'ModelWorkLimitError'
  readonly code = 'ASR_MODEL_WORK_LIMIT'
  readonly remedy = 'Send the request again when they have ended.'
  readonly retryAfterSeconds = 10

  constructor(what: 'loads' | 'downloads', of: 'caller' | 'all') {
    super(`${of === 'caller' ? 'This caller has' : 'All callers together have'} as many ${what} under way as allowed.`)
  }
}

/** Wraps whatever kept a model from loading, so that the caller learns which model it was. */
export class ModelLoadError extends AsrError {
  override readonly name = 'ModelLoadError'
  readonly code = 'ASR_MODEL_LOAD_FAILED'
  readonly remedy: string
  /** When it will be tried again for a request; undefined: for the next one. */
  readonly retryAfterSeconds: number | undefined

  constructor(modelId: string, cause: unknown, retryAfterSeconds?: number) {
    const expected = cause instanceof AsrError
    super(
      `Model '${modelId}' could not be loaded (${expected ? cause.message.replace(/\.$/, '') : 'unexpected failure'}).`,
      { cause },
    )
    this.retryAfterSeconds = retryAfterSeconds
    this.remedy = expected ? cause.remedy : "Look into the service's log for the cause, then try again."
  }
}
