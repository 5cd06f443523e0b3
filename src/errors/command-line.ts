/** Failures of the command line: inputs, outputs, and a service that it is a client of. */

import { AsrError } from './asr-error.ts'

export class InputAbsentError extends AsrError {
  override readonly name = 'InputAbsentError'
  override readonly param = 'file'
  readonly code = 'ASR_INPUT_ABSENT'
  readonly remedy: string

  constructor(what: string, remedy: string) {
    super(what)
    this.remedy = remedy
  }
}

export class OutputExistsError extends AsrError {
  override readonly name = 'OutputExistsError'
  readonly code = 'ASR_OUTPUT_EXISTS'
  readonly remedy: string

  /** @param other  another recording of the same command whose output it is; undefined: it was there before. */
  constructor(output: string, other?: string) {
    super(
      other === undefined
        ? `The output '${output}' is there already.`
        : `The output '${output}' is also that of '${other}'.`,
    )
    this.remedy =
      other === undefined
        ? 'Add --overwrite to replace it, or --skip-existing to leave it as it is.'
        : 'Transcribe this file by itself, into another --output-dir.'
  }
}

export class OutputUnwritableError extends AsrError {
  override readonly name = 'OutputUnwritableError'
  readonly code = 'ASR_OUTPUT_UNWRITABLE'
  readonly remedy = 'Choose a folder that can be written with --output-dir.'

  constructor(output: string, reason: string, options?: ErrorOptions) {
    super(`The output '${output}' could not be written (${reason}).`, options)
  }
}

export class ServerUnreachableError extends AsrError {
  override readonly name = 'ServerUnreachableError'
  readonly code = 'ASR_SERVER_UNREACHABLE'
  readonly remedy = "Start it with 'paradox serve', or correct --server."

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(`The service at ${url} does not answer (${reason}).`, options)
  }
}

/** The connection ended in the middle of a recording. */
export class ServerLostError extends AsrError {
  override readonly name = 'ServerLostError'
  readonly code = 'ASR_SERVER_LOST'
  readonly remedy = 'See whether it still runs, then transcribe this file again.'

  constructor(url: string, options?: ErrorOptions) {
    super(`The service at ${url} went away before its answer was complete.`, options)
  }
}

export class ServerAnswerError extends AsrError {
  override readonly name = 'ServerAnswerError'
  readonly code = 'ASR_SERVER_ANSWER'
  readonly remedy = 'Make sure that --server is the address of a Paradox service of the same version, without a path.'

  constructor(url: string, what: string, options?: ErrorOptions) {
    super(`What answers at ${url} is not understood (${what}).`, options)
  }
}
