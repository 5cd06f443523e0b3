/** The answers to failures, as the documents of routes have them. */

import { z } from 'zod'
import { jsonSchema } from '../../schema.ts'

const DESCRIPTIONS = {
  400: 'A field, or the recording, cannot be used; `param` names it.',
  401: 'No API key, or one that the service does not know.',
  404: 'The service has no such model.',
  408: 'The upload stopped half-way.',
  409: 'The model is in use.',
  413: 'The upload is above MAX_UPLOAD_MB, or the form around it has more than it may.',
  415: 'The body is no form.',
  429: 'Too many requests; `retry-after` says how long to wait.',
  500: 'The recording could not be processed.',
  503: 'The model could not be loaded, the time was up, or the service is shutting down.',
} as const

export type DocumentedStatus = keyof typeof DESCRIPTIONS

/** @param schema  of every failure, as the surface puts it. */
export function failureSchemas(
  schema: z.ZodType,
  statuses: readonly DocumentedStatus[],
  descriptions: Readonly<Partial<Record<DocumentedStatus, string>>> = DESCRIPTIONS,
): Record<number, object> {
  return Object.fromEntries(
    statuses.map((status) => [status, { ...jsonSchema(schema), description: descriptions[status] }]),
  )
}

export const detailSchema = z.object({ detail: z.string() })
