/** Failures on their way between processes. */

import { AsrError, type ErrorCode, type ErrorKind } from './asr-error.ts'

/** An expected failure that happened in another process: everything but its class survived the journey. */
export class RemoteError extends AsrError {
  override readonly name: string
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly remedy: string
  override readonly param: string | undefined

  constructor(wire: WireError) {
    super(wire.message)
    this.name = wire.name
    this.code = wire.code
    this.kind = wire.kind
    this.remedy = wire.remedy
    this.param = wire.param
  }
}

/** What of an expected failure crosses a process boundary. */
export interface WireError {
  readonly name: string
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly message: string
  readonly remedy: string
  readonly param?: string | undefined
}

export function toWire(error: AsrError): WireError {
  const { name, code, kind, message, remedy, param } = error
  return { name, code, kind, message, remedy, param }
}
