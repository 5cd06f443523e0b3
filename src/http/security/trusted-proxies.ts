/** Whose word about a caller's address counts. */

import type { SecuritySettings } from '../../config.ts'

type TrustProxy = SecuritySettings['trustProxy']

/** As Fastify takes it. */
export function trustedProxies(
  trusted: TrustProxy,
): Exclude<TrustProxy, number> | ((address: string, hop: number) => boolean) {
  // Given a number Fastify believes nobody, since whoever reaches the service past its proxies could forge an address.
  // The operator who sets a number says that nobody can; docs/operations.md tells them.
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : trusted
}
