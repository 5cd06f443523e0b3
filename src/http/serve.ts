/** The life of the service: sweep, listen, and on a signal end in order. */

import { once } from 'node:events'
import { tmpdir } from 'node:os'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { AddressUnavailableError, ServiceClosingError } from '../errors/index.ts'
import { sweepTemporaryFolders } from '../temporary-folders.ts'
import { openTracing } from './observability/index.ts'
import { warnOfReach } from './security/reach.ts'
import { createServer, type Service } from './server.ts'

/** How long the answers to requests that were cut off may take to reach their clients. */
const LAST_ANSWERS_MS = 1_000

const LISTEN_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the name has no address',
  EACCES: 'this user may not use the port',
}

export interface ServeOptions {
  /** Its abort shuts the service down. */
  readonly signal: AbortSignal
  /** Told where the service can be reached, which is news where `config.port` is 0. */
  readonly onListening?: (address: { readonly host: string; readonly port: number }) => void
}

/**
 * Serves until the signal, and resolves when everything is released. Shutting down: no new connections, then the
 * requests under way until `config.shutdownTimeoutMs`, then their temporary files, then the engines. Traces are sent where
 * OpenTelemetry's variables in the environment ask for them.
 *
 * @param service  its transcriber is closed at the end, also after a failed start.
 * @throws {AddressUnavailableError} when the service cannot listen on the configured host and port.
 */
export async function serve(service: Service, { signal, onListening }: ServeOptions): Promise<void> {
  const { config, transcriber, logger } = service
  const cut = new AbortController()
  const tracing = await openTracing(process.env, logger)
  const server = createServer(service, { tracing, cut: cut.signal })
  let deadline = Date.now()
  try {
    await sweepTemporaryFolders([config.tempDir, tmpdir()], logger)
    const address = await listen(server, config)
    warnOfReach(config.security, address, logger)
    onListening?.(address)
    if (!signal.aborted) await once(signal, 'abort')
    logger.info('shutting down')
    deadline = Date.now() + config.shutdownTimeoutMs
    await finishRequests(server, config.shutdownTimeoutMs, cut)
  } finally {
    await server.close() // a no-op unless the start failed
    await transcriber.close(Math.max(0, deadline - Date.now()))
    await tracing?.close()
  }
}

async function listen(server: FastifyInstance, { host, port }: Config): Promise<{ host: string; port: number }> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    const reason = LISTEN_FAILURES[(cause as NodeJS.ErrnoException).code ?? '']
    throw reason ? new AddressUnavailableError(host, port, reason, { cause }) : cause
  }
  const address = server.server.address()
  return { host, port: typeof address === 'object' && address ? address.port : port }
}

/** Closes the server within the time allowed, whatever its clients and its work do. */
async function finishRequests(server: FastifyInstance, timeoutMs: number, cut: AbortController): Promise<void> {
  const timers = [
    setTimeout(() => cut.abort(new ServiceClosingError()), timeoutMs),
    setTimeout(() => server.server.closeAllConnections(), timeoutMs + LAST_ANSWERS_MS),
  ]
  await server.close() // resolves when every connection has ended and the temporary files are deleted
  timers.forEach(clearTimeout)
}
