/** Models as the routes of models answer them; the page takes its types from here. */

import { z } from 'zod'
import type { DataOf } from '../../schema.ts'

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
