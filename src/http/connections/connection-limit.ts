/** A bound on open connections: each has memory and a file descriptor, whether it asks for anything or not. */

import type { FastifyInstance } from 'fastify'

const WARN_EVERY_MS = 60_000

/** Connections beyond the bound are closed as soon as they come, before a byte of them is read. */
export function limitConnections(app: FastifyInstance, maxConnections: number): void {
  let warnedAtMs = Number.NEGATIVE_INFINITY
  app.server.maxConnections = maxConnections
  app.server.on('drop', () => {
    if (performance.now() - warnedAtMs < WARN_EVERY_MS) return
    warnedAtMs = performance.now()
    app.log.warn({ maxConnections }, 'refused a connection, since as many as may be are open')
  })
}
