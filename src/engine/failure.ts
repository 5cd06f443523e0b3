/** Failures on their way across the process boundary. */

import { inspect } from 'node:util'
import { AsrError, isAbort, RemoteError, toWire } from '../errors/index.ts'
import type { WireFailure } from './protocol.ts'

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
