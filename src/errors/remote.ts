/** Failures on their way between processes. */

import { inspect } from 'node:util'
import { AsrError, type ErrorCode } from './asr-error.ts'
import { isAbort } from './predicates.ts'

/** An expected failure that happened in another process: everything but its class survived the journey. */
export class RemoteError extends AsrError {
  override readonly name: string
  readonly code: ErrorCode
  readonly remedy: string
  override readonly param: string | undefined

  constructor(wire: WireError) {
    super(wire.message)
    this.name = wire.name
    this.code = wire.code
    this.remedy = wire.remedy
    this.param = wire.param
  }
}

/** The part of an expected failure that crosses a process boundary. */
export interface WireError {
  readonly name: string
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  readonly param?: string | undefined
}

export function toWire(error: AsrError): WireError {
  const { name, code, message, remedy, param } = error
  return { name, code, message, remedy, param }
}

/** An expected error, an abort, or a defect of ours of which only the stack is worth keeping, for the log. */
export type WireFailure =
  | { readonly kind: 'expected'; readonly error: WireError; readonly cause: string | undefined }
  | { readonly kind: 'abort' }
  | { readonly kind: 'defect'; readonly stack: string }

export function failureToWire(error: unknown): WireFailure {
  if (isAbort(error)) return { kind: 'abort' }
  if (error instanceof AsrError) {
    return {
      kind: 'expected',
      error: toWire(error),
      cause: error.cause === undefined ? undefined : inspect(error.cause),
    }
  }
  return { kind: 'defect', stack: inspect(error) }
}

export function failureFromWire(failure: WireFailure): Error {
  switch (failure.kind) {
    case 'expected': {
      const error = new RemoteError(failure.error)
      if (failure.cause !== undefined) error.cause = failure.cause
      return error
    }
    case 'abort':
      return new DOMException('The request was aborted.', 'AbortError')
    case 'defect':
      return new Error('An engine process met an unexpected failure.', { cause: failure.stack })
  }
}
