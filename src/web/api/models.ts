/** Models of the service: which there are, which are in memory, and changing that. */

import type { EngineObject, ModelObject } from '../../http/models/model-answers.ts'
import { eventReader } from './event-stream.ts'
import { CUT_OFF, ProblemError, problemOf } from './problem.ts'
import { request, requestJson } from './request.ts'

/** What is read here of a model, as `GET /v1/models` has it. */
export type Model = Pick<ModelObject, 'id' | 'language' | 'aliases' | 'state'>

/** What is read here of a model in memory or on its way to it, as `GET /api/ps` has it. */
export type Engine = Pick<
  EngineObject,
  'id' | 'stage' | 'fraction' | 'resident_bytes' | 'requests' | 'last_used_at' | 'load_seconds' | 'expires_at'
> & { readonly state: Exclude<EngineObject['state'], 'failed'> }

/** A model that could not be loaded a moment ago: not in memory, and whoever asked for it knows why. */
interface Failed {
  readonly state: 'failed'
}

export interface DownloadProgress {
  readonly file: string
  readonly doneBytes: number
  readonly totalBytes: number
}

export async function listModels(): Promise<readonly Model[]> {
  return (await requestJson<{ data: readonly Model[] }>('v1/models', { cache: 'no-store' })).data
}

export async function listEngines(): Promise<readonly Engine[]> {
  const { models } = await requestJson<{ models: readonly (Engine | Failed)[] }>('api/ps', { cache: 'no-store' })
  return models.filter((model) => model.state !== 'failed')
}

/** Resolves when the model is loaded, which may take minutes where it has to be downloaded or compiled. */
export async function loadModel(id: string): Promise<void> {
  await request(`api/ps/${encodeURIComponent(id)}`, { method: 'POST' })
}

export async function unloadModel(id: string): Promise<void> {
  await request(`api/ps/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

/** @throws {ProblemError} also for a failure in the middle. */
export async function downloadModel(
  id: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: DownloadProgress) => void },
): Promise<void> {
  const response = await request(`v1/models/${encodeURIComponent(id)}`, {
    method: 'POST',
    headers: { accept: 'text/event-stream' },
    signal,
  })
  let isDone = false
  const read = eventReader((data) => {
    const event = JSON.parse(data)
    if (event.error) throw new ProblemError(problemOf(0, data))
    if (event.type === 'model.download.done') isDone = true
    else onProgress({ file: event.file, doneBytes: event.done_bytes, totalBytes: event.total_bytes })
  })
  for await (const piece of pieces(response, signal)) read(piece)
  if (!isDone) throw new ProblemError(CUT_OFF)
}

async function* pieces(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader() // an answer to POST has a body
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value
  } catch (cause) {
    throw signal.aborted ? cause : new ProblemError(CUT_OFF, { cause })
  }
}
