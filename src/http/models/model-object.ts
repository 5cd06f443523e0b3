/** A model as OpenAI's API describes it, and what else there is to say of ours. */

import { z } from 'zod'
import type { LoadFailure } from '../../engine/index.ts'
import type { EngineState, Transcriber } from '../../engine/transcriber.ts'
import type { ModelLibrary } from '../../models/library.ts'
import { languageOf, type ModelEntry } from '../../models/registry.ts'
import type { DataOf } from '../../schema.ts'

/** Of a model that is not on this machine: seconds since 1970 of the first release. */
const RELEASED = Date.UTC(2026, 0, 1) / 1000

export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int().describe('When its files came to this machine, in seconds since 1970.'),
  owned_by: z.string().describe('Owner of its repository.'),
  task: z.literal('automatic-speech-recognition'),
  language: z.array(z.string()).nullable().describe('Of requests that name none; null: it is detected.'),
  aliases: z.array(z.string()),
  state: z.enum(['loaded', 'loading', 'cached', 'not downloaded']),
})

const time = z.string().nullable().meta({ format: 'date-time' })

/** A model in memory, on its way to it, or one that could not be loaded. */
export const engineSchema = z.object({
  id: z.string(),
  state: z.enum(['preparing', 'loading', 'loaded', 'unloading', 'failed']),
  stage: z
    .enum(['download', 'compile', 'open'])
    .nullable()
    .describe('Of a model that is being prepared; null while it waits for its turn.'),
  fraction: z.number().min(0).max(1).nullable().describe('Of the stage, where it is known.'),
  resident_bytes: z.int().nullable().describe("Memory of the model's process."),
  device: z.string().nullable().describe('Where it runs, as DEVICE says.'),
  device_bytes: z.int().nullable().describe("GPU memory of the model's process, where NVIDIA's driver tells."),
  requests: z.int().min(0).describe('That it works on, or that wait for it.'),
  loaded_at: time,
  last_used_at: time,
  load_seconds: z.number().nullable(),
  expires_at: time.describe('When it will be unloaded unless somebody asks for it.'),
  failure: z.string().nullable().describe('Why a model that has failed could not be loaded.'),
  retry_at: time.describe('Until when requests for it get that answer at once.'),
})

export const enginesSchema = z.object({
  models: z
    .array(engineSchema)
    .describe(
      'Those that are loaded, on their way to it or being unloaded, and those that could not be loaded a moment ago.',
    ),
})

export type ModelObject = DataOf<typeof modelSchema>
export type EngineObject = DataOf<typeof engineSchema>

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
