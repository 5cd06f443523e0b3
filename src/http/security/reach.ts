/** What the operator had better know of who can call the service, said once it listens. */

import { networkInterfaces } from 'node:os'
import type { SecuritySettings } from '../../config.ts'
import type { Logger } from '../../logger.ts'
import { isLoopback } from '../../loopback.ts'

/** Logs a warning where strangers can call without a key, and one for keys that can be guessed. */
export function warnOfReach(
  { apiKeyDigests, nShortKeys }: SecuritySettings,
  { host, port }: { readonly host: string; readonly port: number },
  logger: Logger,
): void {
  if (nShortKeys > 0) {
    logger.warn(
      { nShortKeys },
      'API keys of less than 16 characters can be guessed: make some with `openssl rand -hex 24`',
    )
  }
  if (apiKeyDigests.length > 0 || isLoopback(host)) return
  const reachable = addressesOf(host).map(
    (address) => `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
  )
  logger.warn(
    { reachable },
    'no API key is set, so everybody who reaches these addresses may use this service: set API_KEYS, or HOST=127.0.0.1 for this machine alone',
  )
}

/** Under which others reach a service that listens there. */
function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const others = all.filter(({ internal, family }) => !internal && (host === '::' || family === 'IPv4'))
  return others.map(({ address }) => address)
}
