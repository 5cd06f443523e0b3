/** What could not be written to the browser's database: it is in the memory of this page alone until it can be. */

import { signal } from '@preact/signals'

type Kind = 'text' | 'sound'
/** True when it is kept. */
type Write = () => Promise<boolean>

/** By `text` or `sound`, a space and the id of the transcript or recording. */
export const unkept = signal<ReadonlyMap<string, Write>>(new Map())

let writes = 0

/** True while something is in memory alone: it found no room, or is being written. */
export function isAnythingUnkept(): boolean {
  return writes > 0 || unkept.value.size > 0
}

/** Writes; what fails stays in `unkept` and is tried again by `retryUnkept`. */
export async function keep(kind: Kind, id: string, write: Write): Promise<boolean> {
  writes++
  const isKept = await write().finally(() => writes--)
  const changed = new Map(unkept.value)
  if (isKept) changed.delete(`${kind} ${id}`)
  else changed.set(`${kind} ${id}`, write)
  if (!isKept || changed.size < unkept.value.size) unkept.value = changed
  return isKept
}

/** Tries again, as after something was deleted. */
export async function retryUnkept(): Promise<void> {
  for (const [key, write] of unkept.value) {
    const [kind, id] = key.split(' ') as [Kind, string]
    await keep(kind, id, write)
  }
}

/** Of what is thrown away. */
export function forgetUnkept(id: string): void {
  unkept.value = new Map([...unkept.value].filter(([key]) => !key.endsWith(` ${id}`)))
}
