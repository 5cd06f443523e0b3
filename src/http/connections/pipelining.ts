/** A bound on the requests that one connection may send before it has their answers. */

import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Clients that send the next request before the last has been answered are rare, and have few under way. */
const MOST_UNANSWERED = 8

/**
 * Closes connections with more. Node hands over all requests that it has read from a connection at once, some 2000 in the
 * 64 kB that it reads at a time, and answering them takes seconds in which it does nothing else.
 *
 * It stands before the framework, since what that does of each request, before any hook, costs too much as well.
 */
export function limitPipelining({ server }: FastifyInstance): void {
  const [answer] = server.listeners('request') as [RequestListener] // the framework's own, which it adds first
  const unanswered = new WeakMap<Socket, number>()
  server.off('request', answer)
  server.on('request', (request, response) => {
    const { socket } = request
    const n = unanswered.get(socket) ?? 0
    if (n >= MOST_UNANSWERED) socket.destroy()
    if (socket.destroyed) return // what was read with the request before
    unanswered.set(socket, n + 1)
    response.once('close', () => unanswered.set(socket, unanswered.get(socket)! - 1)) // just set
    answer(request, response)
  })
}
