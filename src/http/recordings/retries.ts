/**
 * Retries that join the work they are a retry of. A client that has run into its timeout closes its connection and sends
 * the same request again; without this the service would do the work two or three times, and no client would ever get it.
 * Which requests may be retries of one another is told by the headers of OpenAI's clients and by `Idempotency-Key`.
 *
 * @see openai/openai-node:src/client.ts `buildHeaders` — X-Stainless-Retry-Count, X-Stainless-Timeout in seconds.
 * @see openai/openai-python:src/openai/_base_client.py — x-stainless-read-timeout.
 */

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { SingleFlight } from '../../async/single-flight.ts'
import { isAbort } from '../../errors/index.ts'
import { callerOf } from '../security/caller.ts'
import { type ProgressListener, ProgressReplay } from './progress-replay.ts'

/** The clients' own default; after so many retries none follows. */
const MOST_RETRIES = 2
/** A client that leaves so shortly before its timeout has been left by it: the header is in whole seconds. */
const TIMEOUT_TOLERANCE_MS = 1500
/** A longer one is no key. */
const LONGEST_KEY = 255

/** Results that are kept for a retry, at most; the oldest go first. */
const MOST_KEPT = 64
/** Work that goes on with no request waiting for it, at most. */
const MOST_UNATTENDED = 4

/** A request that begins work, or joins what it is a retry of. */
export interface RetryableRequest<Result> {
  readonly request: FastifyRequest
  /** Its abort lets the request go. */
  readonly signal: AbortSignal
  readonly listener: ProgressListener
  /** @param signal  aborts when no request waits for the work any more. */
  readonly work: (signal: AbortSignal, listener: ProgressListener) => Promise<Result>
  /** Called when the work goes on only in case that its client comes back. */
  readonly onUnattended: () => void
}

export class Retries<Result> {
  readonly #graceMs: number
  readonly #flights: SingleFlight<Result>
  readonly #replays = new Map<string, ProgressReplay>()

  /** @param graceMs  how long work goes on for a client that will return, and its result is kept; 0: not at all. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
    this.#flights = new SingleFlight({ keepMs: graceMs, mostKept: MOST_KEPT, mostUnattended: MOST_UNATTENDED })
  }

  /** @param key  the same for requests that ask the same of the same recording for the same caller. */
  async run(key: string, { request, signal, listener, work, onUnattended }: RetryableRequest<Result>): Promise<Result> {
    const willReturn = () => isAbort(signal.reason) && willRetry(request)
    const waiter = { signal, lingerMs: () => (willReturn() ? this.#graceMs : 0) }
    const begin = async (flightSignal: AbortSignal) => {
      const replay = new ProgressReplay()
      replay.follow(listener)
      this.#replays.set(key, replay)
      try {
        return await work(flightSignal, replay)
      } finally {
        if (this.#replays.get(key) === replay) this.#replays.delete(key)
      }
    }
    if (!mayJoin(request) || !this.#flights.has(key)) {
      return await this.#flights.begin(key, waiter, begin, onUnattended)
    }
    request.log.info('a retry joins the work that is running')
    this.#replays.get(key)?.follow(listener)
    return await this.#flights.join(key, waiter, begin)
  }
}

/** Who asks and under which key; undefined for clients of which no retry could be told from a new request. */
export function retryIdentity(request: FastifyRequest): string | undefined {
  const { headers } = request
  const key = headers['idempotency-key']
  const hasKey = typeof key === 'string' && key !== '' && key.length <= LONGEST_KEY
  if (!hasKey && headers['x-stainless-retry-count'] === undefined) return undefined
  return createHash('sha256')
    .update(JSON.stringify([callerOf(request), hasKey ? key : null]))
    .digest('hex')
}

/** True when the request says that it is sent again, or would be the same as another with its key. */
function mayJoin({ headers }: FastifyRequest): boolean {
  return Number(headers['x-stainless-retry-count'] ?? 0) > 0 || headers['idempotency-key'] !== undefined
}

/** True when a client that has just gone away will send the request again. */
function willRetry({ headers, facts }: FastifyRequest): boolean {
  if (headers['idempotency-key'] !== undefined) return true
  if (Number(headers['x-stainless-retry-count'] ?? MOST_RETRIES) >= MOST_RETRIES) return false
  const timeout = headers['x-stainless-timeout'] ?? headers['x-stainless-read-timeout']
  if (timeout === undefined) return true // set for all of its requests, which the client does not tell
  // One that left early has changed its mind.
  return performance.now() - facts.arrivedAtMs >= Number(timeout) * 1000 - TIMEOUT_TOLERANCE_MS
}
