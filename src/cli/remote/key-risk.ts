/** Who else may read the key that is sent to a service. */

import { isLoopback } from '../../loopback.ts'

export interface SentKey {
  readonly apiKey: string | undefined
  /** It was an argument, which other users of the machine see in the list of its processes. */
  readonly isArgument: boolean
}

/** One sentence; undefined where there is nothing to say: a key that stays on this machine is nobody's to take. */
export function keyRisk(server: string, { apiKey, isArgument }: SentKey): string | undefined {
  const url = URL.parse(server.includes('://') ? server : `http://${server}`)
  if (apiKey === undefined || url === null || isLoopback(url.hostname)) return undefined
  if (url.protocol === 'https:') return undefined
  const instead = isArgument
    ? ', and set PARADOX_API_KEY instead of --api-key, which others see in the list of processes'
    : ''
  return `the key goes over the network as it is: use an address with https${instead}`
}
