/** The processes that models run in, and those that read recordings for them. */

import { AsrError } from './asr-error.ts'

export class EngineCrashedError extends AsrError {
  override readonly name = 'EngineCrashedError'
  readonly code = 'ASR_ENGINE_CRASHED'
  readonly remedy = 'Send the request again; a fresh process is started for it.'

  constructor(modelId: string, how: string) {
    super(`The process of model '${modelId}' ended unexpectedly (${how}).`)
  }
}

/** Work that was begun again, after it had told some of its text. */
export class TextChangedError extends AsrError {
  override readonly name = 'TextChangedError'
  readonly code = 'ASR_TEXT_CHANGED'
  readonly remedy = 'Send the request again, and drop what it has answered so far.'

  constructor() {
    super('The work had to be begun again, and came to another text than what it had told already.')
  }
}

export class ProcessLimitError extends AsrError {
  override readonly name = 'ProcessLimitError'
  readonly code = 'ASR_PROCESS_LIMIT'
  readonly remedy =
    'Send the request again later; if it repeats, raise the limits of open files and of processes, or free memory.'

  /** @param systemCode  such as EMFILE. */
  constructor(systemCode: string, options?: ErrorOptions) {
    super(`The system did not let the service start another process (${systemCode}).`, options)
  }
}

export class DeviceFailedError extends AsrError {
  override readonly name = 'DeviceFailedError'
  readonly code = 'ASR_DEVICE_FAILED'
  readonly remedy = 'Send the request again; a fresh process is started for it.'

  constructor(reason: string, options?: ErrorOptions) {
    super(`The device that the model runs on has failed (${reason}).`, options)
  }
}

export class DeviceMemoryError extends AsrError {
  override readonly name = 'DeviceMemoryError'
  readonly code = 'ASR_DEVICE_OUT_OF_MEMORY'
  readonly remedy =
    'Unload other models or programs that use the device, choose a smaller model, or send it again later.'

  constructor(what: string, options?: ErrorOptions) {
    super(`The device's memory is too short for ${what}.`, options)
  }
}

export class ModelBusyError extends AsrError {
  override readonly name = 'ModelBusyError'
  readonly code = 'ASR_MODEL_BUSY'
  readonly remedy = 'Wait until its requests have finished, then try again.'
  override readonly param = 'model'

  constructor(modelId: string) {
    super(`Model '${modelId}' is in use.`)
  }
}

/** In a program; over HTTP it is `ServiceClosingError`. */
export class ModelClosedError extends AsrError {
  override readonly name = 'ModelClosedError'
  readonly code = 'ASR_MODEL_CLOSED'
  readonly remedy = 'Load the model again, and close it only when its calls have ended.'

  constructor(modelId: string) {
    super(`Model '${modelId}' has been closed.`)
  }
}
