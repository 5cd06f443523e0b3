/** `GET /health`: answered from memory, so also while a model loads or transcribes. */

import type { FastifyInstance } from 'fastify'
import type { Transcriber } from '../engine/transcriber.ts'
import { healthResponses } from './transcribe/index.ts'

export async function healthRoute(app: FastifyInstance, { transcriber }: { transcriber: Transcriber }): Promise<void> {
  const schema = { summary: 'Is the service up, and which model is loaded', response: healthResponses }
  app.get('/health', { schema, config: { isPublic: true } }, async () => ({
    status: 'ok',
    active_model: transcriber.activeModel(),
  }))
}
