/** Watches an upload for what the parser of its form cannot see. */

import type { IncomingMessage } from 'node:http'
import { onAbort } from '../../async/abortable.ts'
import { type Clock, systemClock } from '../../async/clock.ts'
import { UploadStalledError, UploadTooLargeError } from '../../errors/index.ts'

/** What boundaries, part headers and small fields may add to a recording of the allowed size. */
const FORM_ALLOWANCE_BYTES = 64 * 1024
const STALL_SECONDS = 60
/**
 * A place in the queue is not held by a trickle. Half of what a voice message has (Opus at 16 kbit/s), so that one may be
 * sent while it is spoken, and a quarter of what the slowest mobile networks carry.
 */
const LEAST_BYTES_PER_SECOND = 1024
/** Looks at the pace within a window of `stallSeconds`. */
const LOOKS = 6

export interface UploadLimits {
  /** Of the recording itself; the form around it may add a little. */
  readonly maxBytes: number
  /** The time in which so much must arrive, 60 by default. The whole time is not limited: a slow line may take hours. */
  readonly stallSeconds?: number
  readonly clock?: Clock
}

/** True when the announced length alone says that the recording is larger than allowed. */
export function isTooLarge(request: IncomingMessage, maxBytes: number): boolean {
  return Number(request.headers['content-length'] ?? 0) > maxBytes + FORM_ALLOWANCE_BYTES
}

/** Tells `fail` of too much in all, of a client that sends hardly anything, and of the request's abort, until it is disposed of. */
export function watchUpload(
  request: Pick<IncomingMessage, 'on' | 'off'>,
  { maxBytes, stallSeconds = STALL_SECONDS, clock = systemClock }: UploadLimits,
  signal: AbortSignal,
  fail: (reason: unknown) => void,
): Disposable {
  let bytes = 0
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes + FORM_ALLOWANCE_BYTES) fail(new UploadTooLargeError(maxBytes))
  }
  request.on('data', count)
  const pace = watchPace({ stallSeconds, clock, bytes: () => bytes }, fail)
  const aborting = onAbort(signal, fail)
  return {
    [Symbol.dispose]() {
      request.off('data', count)
      pace[Symbol.dispose]()
      aborting[Symbol.dispose]()
    },
  }
}

interface Pace {
  readonly stallSeconds: number
  readonly clock: Clock
  /** Received so far. */
  readonly bytes: () => number
}

/** The window slides, so that neither silence nor a burst in time can stretch it. */
function watchPace({ stallSeconds, clock, bytes }: Pace, fail: (reason: unknown) => void): Disposable {
  const least = stallSeconds * LEAST_BYTES_PER_SECOND
  /** What had arrived at the last looks. */
  const before = [0]
  let cancel = () => {}
  const look = () => {
    const atBegin = before.length === LOOKS ? before.shift() : undefined
    if (atBegin !== undefined && bytes() - atBegin < least) {
      fail(new UploadStalledError(stallSeconds))
      return
    }
    before.push(bytes())
    schedule()
  }
  const schedule = () => {
    cancel = clock.after((stallSeconds * 1000) / LOOKS, look)
  }
  schedule()
  return { [Symbol.dispose]: () => cancel() }
}
