/** Answering a client that is still sending, so that it reads the answer and not a reset connection. */

import type { IncomingMessage } from 'node:http'

const LINGER_TOTAL_MS = 30_000
const LINGER_IDLE_MS = 5_000

/** True while the request has a body of which something has not arrived yet. */
export function isStillSending(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return !request.complete && (encoding !== undefined || Number(length ?? 0) > 0)
}

/**
 * Makes the connection end gently after an answer that carries `Connection: close`: our side ends with the answer, and
 * what the client still sends is read and thrown away until it stops, at most 30 s and 5 s without data.
 *
 * Node would close both directions at once. Data that meets a closed socket is answered with a reset, and many clients
 * (Python's requests, for one) then report the reset and never look at the answer.
 *
 * @see nginx/nginx:src/http/ngx_http_request.c `ngx_http_set_lingering_close` — same order, same limits.
 */
export function lingerAfterAnswer(request: IncomingMessage): void {
  const { socket } = request
  const closeNow = socket.destroySoon.bind(socket)

  // Node calls destroySoon on the connection when an answer with `Connection: close` has been handed over.
  socket.destroySoon = () => {
    if (request.complete) return closeNow()
    const cut = () => socket.destroy()
    const deadline = setTimeout(cut, LINGER_TOTAL_MS)
    socket.once('close', () => clearTimeout(deadline))
    socket.setTimeout(LINGER_IDLE_MS, cut)
    socket.end()
    request.once('end', closeNow)
    request.resume()
  }
}
