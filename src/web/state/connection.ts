/** Whether the service answers; asked more often while it does not. */

import { signal } from '@preact/signals'
import { isReachable } from '../api/service.ts'

export type Connection = 'connecting' | 'online' | 'offline'

export const connection = signal<Connection>('connecting')
/** When the next attempt is made, in ms since 1970; undefined while one is being made. */
export const nextAttemptAt = signal<number | undefined>(undefined)

const ONLINE_CHECK_MS = 20_000
/** Pauses between attempts while the service does not answer; the last one stays. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const

const onBack: (() => void)[] = []
let attempts = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Calls back whenever the service has become reachable, the first time included. */
export function whenReachable(callback: () => void): void {
  onBack.push(callback)
}

/** Asks now, and from then on again and again; true when the service answers. */
export async function checkConnection(): Promise<boolean> {
  clearTimeout(timer)
  nextAttemptAt.value = undefined
  const isThere = await isReachable()
  const wasThere = connection.value === 'online'
  connection.value = isThere ? 'online' : 'offline'
  if (isThere) {
    attempts = 0
    if (!wasThere) for (const callback of onBack) callback()
  }
  schedule(isThere ? ONLINE_CHECK_MS : PAUSES_MS[Math.min(attempts++, PAUSES_MS.length - 1)]!) // an index of it
  return isThere
}

/** To be told by whoever got no answer. */
export function noteUnreachable(): void {
  if (connection.value === 'online') void checkConnection()
}

function schedule(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => void checkConnection(), ms)
  nextAttemptAt.value = Date.now() + ms
}

addEventListener('online', () => void checkConnection())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void checkConnection()
})
