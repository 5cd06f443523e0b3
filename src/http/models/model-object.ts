/** A model as OpenAI's API describes it, and what else there is to say of ours. */

import type { LoadFailure } from '../../engine/index.ts'
import type { EngineState, Transcriber } from '../../engine/transcriber.ts'
import type { ModelLibrary } from '../../models/library.ts'
import { languageOf, type ModelEntry } from '../../models/registry.ts'
import type { EngineObject, ModelObject } from './model-answers.ts'

/** Of a model that is not on this machine: seconds since 1970 of the first release. */
const RELEASED = Date.UTC(2026, 0, 1) / 1000

/** @param id  as it was asked for: the model's own, or an alias. */
export async function modelObject(
  entry: ModelEntry,
  { id = entry.id, library, transcriber }: { id?: string; library: ModelLibrary; transcriber: Transcriber },
): Promise<ModelObject> {
  const storedAt = await library.storedAt(entry)
  const language = languageOf(entry)
  const engine = transcriber.engines().find(({ modelId }) => modelId === entry.id)
  return {
    id,
    object: 'model',
    created: storedAt === undefined ? RELEASED : Math.floor(storedAt.getTime() / 1000),
    owned_by: entry.origin.kind === 'hub' ? entry.origin.repo.split('/', 1)[0]! : 'paradox',
    task: 'automatic-speech-recognition',
    language: language === undefined ? null : [language],
    aliases: aliasesOf(entry, library),
    state: stateInMemory(engine) ?? ((await library.isComplete(entry)) ? 'cached' : 'not downloaded'),
  }
}

function stateInMemory(engine: EngineState | undefined): 'loaded' | 'loading' | undefined {
  if (engine === undefined || engine.state === 'unloading') return undefined
  return engine.state === 'loaded' ? 'loaded' : 'loading'
}

function aliasesOf({ id }: ModelEntry, { registry }: ModelLibrary): string[] {
  return [...registry.aliases.keys()].filter((alias) => registry.find(alias)?.id === id)
}

/** A model in memory, as `GET /api/ps` has it. */
export function engineObject(engine: EngineState): EngineObject {
  return {
    id: engine.modelId,
    state: engine.state,
    stage: engine.progress?.stage ?? null,
    fraction: engine.progress?.fraction ?? null,
    resident_bytes: engine.residentBytes ?? null,
    device: engine.device ?? null,
    device_bytes: engine.deviceBytes ?? null,
    requests: engine.nRequests,
    loaded_at: isoTime(engine.loadedAt),
    last_used_at: isoTime(engine.lastUsedAt),
    load_seconds: engine.loadSeconds ?? null,
    expires_at: isoTime(engine.expiresAt),
    failure: null,
    retry_at: null,
  }
}

const NOT_IN_MEMORY = {
  stage: null,
  fraction: null,
  resident_bytes: null,
  device: null,
  device_bytes: null,
  requests: 0,
  loaded_at: null,
  last_used_at: null,
  load_seconds: null,
  expires_at: null,
} as const satisfies Partial<EngineObject>

/** All that `GET /api/ps` has: models in memory and on their way to it, then those that could not be loaded. */
export function engineObjects(transcriber: Pick<Transcriber, 'engines' | 'loadFailures'>): EngineObject[] {
  const engines = transcriber.engines().map(engineObject)
  const failed = transcriber.loadFailures().filter(({ modelId }) => !engines.some(({ id }) => id === modelId))
  return [...engines, ...failed.map(failureObject)]
}

function failureObject({ modelId, error, retryAt }: LoadFailure): EngineObject {
  return { id: modelId, state: 'failed', ...NOT_IN_MEMORY, failure: error.sentence, retry_at: isoTime(retryAt) }
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
