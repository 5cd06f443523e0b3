/** Checkpoints that we cannot read or compile. */

import { AsrError } from './asr-error.ts'

export class CheckpointUnsupportedError extends AsrError {
  override readonly name = 'CheckpointUnsupportedError'
  readonly code = 'ASR_CHECKPOINT_UNSUPPORTED'
  readonly remedy: string

  constructor(what: string, remedy: string) {
    super(`The checkpoint is not one that this service can compile: ${what}.`)
    this.remedy = remedy
  }
}

export class CheckpointFileMissingError extends AsrError {
  override readonly name = 'CheckpointFileMissingError'
  readonly code = 'ASR_CHECKPOINT_FILE_MISSING'
  readonly remedy: string

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(`The checkpoint lacks ${what}.`, options)
    this.remedy = remedy
  }
}

export class CheckpointCorruptError extends AsrError {
  override readonly name = 'CheckpointCorruptError'
  readonly code = 'ASR_CHECKPOINT_CORRUPT'
  readonly remedy = 'Delete this file from the cache or folder and download it again.'

  /** @param file  base name only: the folder stays out of the message. */
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`Checkpoint file '${file}' is damaged (${reason}).`, options)
  }
}
