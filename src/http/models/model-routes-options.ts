/** What the routes of models have in common. */

import type { FastifyRequest } from 'fastify'
import '../security/api-keys.ts' // which tells Fastify of isAdmin
import type { Transcriber } from '../../engine/transcriber.ts'
import type { ModelLibrary } from '../../models/library.ts'
import type { ModelEntry } from '../../models/registry.ts'

export interface ModelRoutesOptions {
  readonly transcriber: Transcriber
  readonly library: ModelLibrary
  /** Its abort ends the requests under way; they are answered with its reason. */
  readonly cut: AbortSignal
}

/** Of routes that take something away from other callers, or fill the disk; a load, which any transcription does too, is not. */
export const ADMIN = { isAdmin: true } as const

/** Ids may hold slashes, so a wildcard stands for them; encoded or not, it arrives decoded. */
export type ModelRequest = FastifyRequest<{ Params: { '*': string } }>

/** @throws {ModelUnknownError} for an id of no model. */
export function modelOf({ library }: ModelRoutesOptions, request: ModelRequest): { id: string; entry: ModelEntry } {
  const id = request.params['*']
  request.facts.modelId = id
  return { id, entry: library.registry.get(id) }
}
