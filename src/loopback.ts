/** Addresses that no other machine reaches. */

import { isIPv4 } from 'node:net'

/** @param host  a name or an address, that of IPv6 with or without brackets. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'))
}
