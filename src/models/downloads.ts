/** Downloads that several may wait for: those who ask for the same join, and the last who leaves ends it. */

import type { DownloadProgress, OnProgress } from '../hub/index.ts'

export interface DownloadOptions {
  /** Its abort leaves; the download ends when nobody waits for it. */
  readonly signal: AbortSignal
  readonly onProgress?: OnProgress | undefined
}

interface Download {
  readonly done: Promise<void>
  readonly listeners: Set<OnProgress>
  readonly cancel: AbortController
  nWaiting: number
  latest: DownloadProgress | undefined
}

export class Downloads {
  readonly #running = new Map<string, Download>()

  /** Of those under way. */
  ids(): string[] {
    return [...this.#running.keys()]
  }

  /**
   * Waits for the download of this id, which `start` begins where there is none.
   *
   * @throws what the download throws; the signal's reason after an abort.
   */
  async join(
    id: string,
    { signal, onProgress = () => {} }: DownloadOptions,
    start: (signal: AbortSignal, onProgress: OnProgress) => Promise<void>,
  ): Promise<void> {
    signal.throwIfAborted()
    const download = this.#running.get(id) ?? this.#begin(id, start)
    const left = Promise.withResolvers<never>()
    const leave = () => left.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    download.listeners.add(onProgress)
    download.nWaiting++
    if (download.latest) onProgress(download.latest)
    try {
      await Promise.race([download.done, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      download.listeners.delete(onProgress)
      if (--download.nWaiting === 0) {
        this.#forget(id, download) // whoever comes now begins anew
        download.cancel.abort()
      }
    }
  }

  #begin(id: string, start: (signal: AbortSignal, onProgress: OnProgress) => Promise<void>): Download {
    const cancel = new AbortController()
    const listeners = new Set<OnProgress>()
    const onProgress = (progress: DownloadProgress) => {
      download.latest = progress
      for (const listener of listeners) listener(progress)
    }
    const done = start(cancel.signal, onProgress).finally(() => this.#forget(id, download))
    const download: Download = { done, listeners, cancel, nWaiting: 0, latest: undefined }
    done.catch(() => {}) // whoever waits gets the failure; nobody may be waiting
    this.#running.set(id, download)
    return download
  }

  #forget(id: string, download: Download): void {
    if (this.#running.get(id) === download) this.#running.delete(id)
  }
}
