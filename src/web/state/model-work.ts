/** What this page is having done to models: downloading, loading, unloading. */

import { signal } from '@preact/signals'
import { type DownloadProgress, downloadModel, loadModel, unloadModel } from '../api/models.ts'
import { type Problem, ProblemError } from '../api/problem.ts'
import { refreshService } from './service.ts'

export type ModelWork =
  | { readonly kind: 'loading' }
  | { readonly kind: 'unloading' }
  | { readonly kind: 'downloading'; readonly progress: DownloadProgress | undefined; readonly abort: AbortController }
  | { readonly kind: 'failed'; readonly problem: Problem }

/** By the model's id. */
export const modelWork = signal<ReadonlyMap<string, ModelWork>>(new Map())

export function startLoading(id: string): Promise<void> {
  return during(id, { kind: 'loading' }, () => loadModel(id))
}

export function startUnloading(id: string): Promise<void> {
  return during(id, { kind: 'unloading' }, () => unloadModel(id))
}

export function startDownload(id: string): Promise<void> {
  const abort = new AbortController()
  const tell = (progress: DownloadProgress | undefined) => set(id, { kind: 'downloading', progress, abort })
  return during(id, { kind: 'downloading', progress: undefined, abort }, () =>
    downloadModel(id, { signal: abort.signal, onProgress: tell }),
  )
}

/** What has come stays on the service's disk, and the next download goes on from there. */
export function cancelDownload(id: string): void {
  const work = modelWork.value.get(id)
  if (work?.kind === 'downloading') work.abort.abort()
}

async function during(id: string, work: ModelWork, act: () => Promise<void>): Promise<void> {
  set(id, work)
  try {
    const acting = act()
    void refreshService()
    await acting
    set(id, undefined)
  } catch (error) {
    set(id, error instanceof ProblemError ? { kind: 'failed', problem: error.problem } : undefined) // cancelled
  }
  await refreshService()
}

function set(id: string, work: ModelWork | undefined): void {
  const changed = new Map(modelWork.value)
  if (work === undefined) changed.delete(id)
  else changed.set(id, work)
  modelWork.value = changed
}
