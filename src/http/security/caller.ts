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
    /** A key was sent that is none of them. */
    hasWrongKey: boolean
  }
}

/** The same text for all requests of one caller: of one key, else of one address. */
export function callerOf(request: FastifyRequest): string {
  return request.keyNumber === undefined ? addressOf(request) : `key ${request.keyNumber}`
}

/** Of IPv6, the network of 64 bits, which is what one customer gets. */
export function addressOf({ ip }: FastifyRequest): string {
  return normalizeIP(ip, 64)
}

export function isPublic({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.isPublic === true
}
