/** Requests to the service that this page came from. */

import { apiKey, keyNeed } from './key.ts'
import { CUT_OFF, type Problem, ProblemError, problemOf, UNREACHABLE } from './problem.ts'

/** Relative to the page, which a proxy may have moved below a path. */
export function address(path: string): string {
  return new URL(path, document.baseURI).href
}

export function keyHeaders(key = apiKey.value): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

/**
 * The answer, if it is a good one.
 *
 * @throws {ProblemError} for no answer and for a refusal; an AbortError when the caller's signal aborts.
 */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(address(path), { ...init, headers: { ...keyHeaders(), ...init.headers } })
  } catch (cause) {
    throw init.signal?.aborted ? cause : new ProblemError(UNREACHABLE, { cause })
  }
  if (response.ok) return response
  const body = await response.text().catch(() => '')
  throw new ProblemError(noted(problemOf(response.status, body, response.headers.get('retry-after'))))
}

/** @throws {ProblemError} as `request`. */
export async function requestJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await request(path, init)
  try {
    return (await response.json()) as T // the service's own answers; docs/api.md has their form
  } catch (cause) {
    throw init.signal?.aborted ? cause : new ProblemError(CUT_OFF, { cause })
  }
}

/** A refusal for want of a key makes the page ask for one. */
export function noted(problem: Problem): Problem {
  if (problem.kind === 'key') keyNeed.value = apiKey.value === undefined ? 'missing' : 'wrong'
  return problem
}
