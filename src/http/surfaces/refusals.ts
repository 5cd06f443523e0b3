/** Checks of fields that only ask for what this service does not do: the value that asks for nothing passes. */

import { z } from 'zod'
import { flag } from '../../option-table.ts'

/** @param allowed  what a caller may send, and why nothing else. */
export function onlyFalse(allowed: string) {
  return flag.pipe(z.literal(false)).describe(allowed)
}

/** @param allowed  as of `onlyFalse`. */
export function onlyZero(allowed: string) {
  return z.coerce.number().pipe(z.literal(0)).describe(allowed)
}

export const noSpeakers = onlyFalse('false: speakers are not told apart')
