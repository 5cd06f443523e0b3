/** The id of a request, which its answer and all its log lines carry. */

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** What may stand in a log line and in a header as it is. */
const PLAIN_ID = /^[\w.-]{1,128}$/

/** The caller's own id where it is plain, so that both logs can be joined; else a random one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && PLAIN_ID.test(given) ? given : randomUUID()
}

export function echoRequestIds(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
}
