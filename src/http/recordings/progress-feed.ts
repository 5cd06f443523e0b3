/** What running work tells on its way, for whoever follows it, also for those who come later. */

import type { Segment } from '../../transcript/index.ts'

export interface ProgressListener {
  /** Told segments as soon as they are there, from the beginning on. */
  readonly onSegments?: (segments: readonly Segment[]) => void
  /** Told how much of the recording is done, in seconds. */
  readonly onProgress?: (doneSeconds: number) => void
}

export class ProgressFeed {
  readonly #isKept: boolean
  readonly #said: Segment[] = []
  readonly #listeners: ProgressListener[] = []

  /** @param isKept  whether somebody may come later. */
  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  /** The listener is told at once what has been said so far, then what comes. */
  follow(listener: ProgressListener): void {
    if (this.#said.length > 0) listener.onSegments?.(this.#said.slice())
    this.#listeners.push(listener)
  }

  /** What the work is to tell; nothing where nobody listens, now or later. */
  listener(): ProgressListener {
    const wants = (what: keyof ProgressListener) => this.#isKept || this.#listeners.some((one) => one[what])
    return {
      ...(wants('onSegments') && { onSegments: (segments: readonly Segment[]) => this.#tell(segments) }),
      ...(wants('onProgress') && {
        onProgress: (doneSeconds: number) => {
          for (const { onProgress } of this.#listeners) onProgress?.(doneSeconds)
        },
      }),
    }
  }

  #tell(segments: readonly Segment[]): void {
    if (this.#isKept) this.#said.push(...segments)
    for (const { onSegments } of this.#listeners) onSegments?.(segments)
  }
}
