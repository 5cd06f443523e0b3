/** The API key, where the service asks for one: kept until the tab is closed, or on this computer if that is wished. */

import { signal } from '@preact/signals'
import { recall, remember } from '../browser/storage.ts'

export const apiKey = signal(recall('key', 'sessionStorage') ?? recall('key'))

/** Whether the service has refused a request for want of a key, and whether one had been sent. */
export const keyNeed = signal<'none' | 'missing' | 'wrong'>('none')

export function isKeyRemembered(): boolean {
  return recall('key') !== undefined
}

export function keepKey(key: string, isRemembered: boolean): void {
  forgetKey()
  remember('key', key, isRemembered ? 'localStorage' : 'sessionStorage')
  apiKey.value = key
  keyNeed.value = 'none'
}

export function forgetKey(): void {
  remember('key', undefined, 'localStorage')
  remember('key', undefined, 'sessionStorage')
  apiKey.value = undefined
}
