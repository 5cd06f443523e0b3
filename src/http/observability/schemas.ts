/** Answers of the probes and of `GET /metrics`, for the description of the API. */

import { z } from 'zod'
import { jsonSchema } from '../../schema.ts'

export const livezResponses = {
  200: {
    ...jsonSchema(z.object({ status: z.literal('ok') })),
    description: 'The process answers.',
    'x-examples': { ok: { value: { status: 'ok' } } },
  },
}

export const readyzResponses = {
  200: {
    ...jsonSchema(z.object({ status: z.literal('ready') })),
    description: 'Requests are welcome.',
    'x-examples': { ready: { value: { status: 'ready' } } },
  },
  503: {
    ...jsonSchema(
      z.object({
        status: z.literal('not ready'),
        reasons: z.array(z.string()).describe('None for callers without a key, where keys are set.'),
      }),
    ),
    description: 'Requests should go elsewhere for now.',
    'x-examples': {
      queue_full: { value: { status: 'not ready', reasons: ['the queue is full'] } },
    },
  },
}

export const metricsResponses = {
  200: {
    description: "Every metric, in Prometheus's text format.",
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
}
