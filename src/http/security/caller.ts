/** The caller of a request, as far as the service can tell. */

import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered to everybody: neither asks for a key nor counts against the rate limit. */
    isPublic?: boolean
  }
  interface FastifyRequest {
    /** Which of the keys was sent, from 0; undefined where none of them was. */
    keyNumber: number | undefined
  }
}

/** The same text for all requests of one caller: of one key, else of one address (of IPv6, one network of 64 bits). */
export function callerOf({ keyNumber, ip }: FastifyRequest): string {
  return keyNumber === undefined ? normalizeIP(ip, 64) : `key ${keyNumber}`
}

export function isPublic({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.isPublic === true
}
