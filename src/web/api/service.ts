/** Whether the service is there, and what it takes. */

import type { Limits } from '../../http/surfaces/openai/limits-answer.ts'
import { address, keyHeaders, requestJson } from './request.ts'

const HEALTH_TIMEOUT_MS = 5_000

/** Asks what is told without a key. */
export async function isReachable(): Promise<boolean> {
  try {
    const response = await fetch(address('health'), {
      cache: 'no-store',
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    })
    return response.ok
  } catch {
    return false
  }
}

/** @throws {ProblemError} as `request`. */
export function getLimits(): Promise<Limits> {
  return requestJson<Limits>('v1/limits')
}

/** Whether the service knows the key; undefined where it does not answer. */
export async function isKeyKnown(key: string): Promise<boolean | undefined> {
  try {
    const response = await fetch(address('v1/limits'), { headers: keyHeaders(key), cache: 'no-store' })
    return response.status !== 401
  } catch (error) {
    // A key that no header can hold is none of the service's.
    return error instanceof TypeError && !/^[\x20-\x7e]*$/.test(key) ? false : undefined
  }
}
