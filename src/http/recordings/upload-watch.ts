/** Watches an upload for what the parser of its form cannot see. */

import type { IncomingMessage } from 'node:http'
import { onAbort } from '../../async/abortable.ts'
import { UploadStalledError, UploadTooLargeError } from '../../errors/index.ts'

/** What boundaries, part headers and small fields may add to a recording of the allowed size. */
const FORM_ALLOWANCE_BYTES = 64 * 1024
const STALL_SECONDS = 60
/** Less than this in so much time is as good as silence: a place in the queue is not held by a byte a second. */
const LEAST_BYTES = 8 * 1024

export interface UploadLimits {
  /** Of the recording itself; the form around it may add a little. */
  readonly maxBytes: number
  /** Silence that ends an upload, 60 by default. Its whole time is not limited: a slow line may take hours. */
  readonly stallSeconds?: number
}

/** True when the announced length alone says that the recording is larger than allowed. */
export function isTooLarge(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes + FORM_ALLOWANCE_BYTES
}

/** Tells `fail` of too much in all, of a client that sends nothing, and of the request's abort, until it is disposed of. */
export function watchUpload(
  request: IncomingMessage,
  { maxBytes, stallSeconds = STALL_SECONDS }: UploadLimits,
  signal: AbortSignal,
  fail: (reason: unknown) => void,
): Disposable {
  let bytes = 0
  let bytesBefore = 0
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes + FORM_ALLOWANCE_BYTES) fail(new UploadTooLargeError(maxBytes))
  }
  const onStall = () => fail(new UploadStalledError(stallSeconds))
  request.on('data', count)
  request.on('timeout', onStall)
  request.setTimeout(stallSeconds * 1000)
  const pace = setInterval(() => {
    if (bytes - bytesBefore < LEAST_BYTES) onStall()
    bytesBefore = bytes
  }, stallSeconds * 1000)
  const aborting = onAbort(signal, fail)
  return {
    [Symbol.dispose]() {
      request.off('data', count)
      request.off('timeout', onStall)
      request.setTimeout(0)
      clearInterval(pace)
      aborting[Symbol.dispose]()
    },
  }
}
