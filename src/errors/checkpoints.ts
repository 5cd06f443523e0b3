/** Checkpoints that we cannot read or compile. */

import { AsrError } from './asr-error.ts'
import { shortened } from './shortened.ts'

export class CheckpointUnsupportedError extends AsrError {
  override readonly name = 'CheckpointUnsupportedError'
  readonly code = 'ASR_CHECKPOINT_UNSUPPORTED'
  readonly remedy: string

  constructor(what: string, remedy: string) {
    super(`The checkpoint is not one that this service can compile: ${shortened(what, 300)}.`)
    this.remedy = remedy
  }
}

export class CheckpointFileMissingError extends AsrError {
  override readonly name = 'CheckpointFileMissingError'
  readonly code = 'ASR_CHECKPOINT_FILE_MISSING'
  readonly remedy: string

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(`The checkpoint lacks ${shortened(what, 300)}.`, options)
    this.remedy = remedy
  }
}

export class CheckpointCorruptError extends AsrError {
  override readonly name = 'CheckpointCorruptError'
  readonly code = 'ASR_CHECKPOINT_CORRUPT'
  readonly remedy = 'Delete this file from the cache or folder and download it again.'

  /** @param file  base name only: the folder stays out of the message. */
  constructor(file: string, reason: string, options?: ErrorOptions) {
    // A name in the file, which the reason may repeat, can be megabytes long.
    super(`Checkpoint file '${file}' is damaged (${shortened(reason, 300)}).`, options)
  }
}
