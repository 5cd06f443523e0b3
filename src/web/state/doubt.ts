/** How unsure a word must be to be marked. */

import { signal } from '@preact/signals'
import { recall, remember } from '../browser/storage.ts'
import { DEFAULT_LIMIT, LIMITS } from '../transcript/doubt.ts'

export const doubtLimit = signal<number>(LIMITS.find((limit) => String(limit) === recall('doubt')) ?? DEFAULT_LIMIT)

export function chooseDoubtLimit(limit: number): void {
  doubtLimit.value = limit
  remember('doubt', String(limit))
}
