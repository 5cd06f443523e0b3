/** What running work has told so far, told again to a retry that joins it. */

import type { Segment } from '../../transcript/index.ts'

export interface ProgressListener {
  /** Told segments as soon as they are there, from the beginning on. */
  readonly onSegments?: (segments: readonly Segment[]) => void
  /** Told how much of the recording is done, in seconds. */
  readonly onProgress?: (doneSeconds: number) => void
  /** As the transcriber asks it. */
  readonly takeBack?: (fromId: number) => boolean
}

export class ProgressReplay implements Required<ProgressListener> {
  readonly #segments: Segment[] = []
  readonly #listeners: ProgressListener[] = []

  /** The listener is told at once the segments so far, then what comes. */
  follow(listener: ProgressListener): void {
    if (this.#segments.length > 0) listener.onSegments?.(this.#segments.slice())
    this.#listeners.push(listener)
  }

  readonly onSegments = (segments: readonly Segment[]): void => {
    this.#segments.push(...segments)
    for (const { onSegments } of this.#listeners) onSegments?.(segments)
  }

  /** What no listener was told can be told in other words to one that joins later. */
  readonly takeBack = (fromId: number): boolean => {
    if (this.#listeners.some(({ onSegments }) => onSegments)) return false
    this.#segments.splice(fromId) // their ids are their places
    return true
  }

  readonly onProgress = (doneSeconds: number): void => {
    for (const { onProgress } of this.#listeners) onProgress?.(doneSeconds)
  }
}
