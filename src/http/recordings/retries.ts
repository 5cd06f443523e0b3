/**
 * Which requests may be retries of one another, by the headers of OpenAI's clients and by `Idempotency-Key`.
 *
 * @see openai/openai-node:src/client.ts `buildHeaders` — X-Stainless-Retry-Count, X-Stainless-Timeout in seconds.
 * @see openai/openai-python:src/openai/_base_client.py — x-stainless-read-timeout.
 */

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { callerOf } from '../security/caller.ts'

/** The clients' own default; after so many retries none follows. */
const MOST_RETRIES = 2
/** A client that leaves so shortly before its timeout has been left by it: the header is in whole seconds. */
const TIMEOUT_TOLERANCE_MS = 1500
/** A longer one is no key. */
const LONGEST_KEY = 255

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
export function mayJoin({ headers }: FastifyRequest): boolean {
  return Number(headers['x-stainless-retry-count'] ?? 0) > 0 || headers['idempotency-key'] !== undefined
}

/** True when a client that has just gone away will send the request again. */
export function willRetry({ headers }: FastifyRequest, arrivedAtMs: number): boolean {
  if (headers['idempotency-key'] !== undefined) return true
  if (Number(headers['x-stainless-retry-count'] ?? MOST_RETRIES) >= MOST_RETRIES) return false
  const timeout = headers['x-stainless-timeout'] ?? headers['x-stainless-read-timeout']
  if (timeout === undefined) return true // set for all of its requests, which the client does not tell
  // Whoever left early has changed their mind.
  return performance.now() - arrivedAtMs >= Number(timeout) * 1000 - TIMEOUT_TOLERANCE_MS
}
