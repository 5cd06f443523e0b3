/** Puts chosen files in line and shows the one that the reader waits for. */

import { enqueue } from '../state/queue.ts'
import { go, NEW, transcriptAddress } from '../state/route.ts'

/** One file is shown as it is transcribed; several are followed in the list. */
export function sendFiles(files: readonly File[]): void {
  const [first] = enqueue(files)
  if (first === undefined) return
  if (files.length === 1) {
    go(transcriptAddress(first.id))
    return
  }
  go(NEW)
  // On a phone the list is far below what has just been pressed.
  requestAnimationFrame(() => document.getElementById('queue-title')?.scrollIntoView({ block: 'nearest' }))
}
