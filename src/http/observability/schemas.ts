/** Answers of the probes and of `GET /metrics` as JSON Schema: it documents the API and serializes the answers. */

const status = (value: string) => ({ type: 'string', const: value })

export const livezResponses = {
  200: {
    description: 'The process answers.',
    type: 'object',
    required: ['status'],
    properties: { status: status('ok') },
    'x-examples': { ok: { value: { status: 'ok' } } },
  },
} as const

export const readyzResponses = {
  200: {
    description: 'Requests are welcome.',
    type: 'object',
    required: ['status'],
    properties: { status: status('ready') },
    'x-examples': { ready: { value: { status: 'ready' } } },
  },
  503: {
    description: 'Requests should go elsewhere for now.',
    type: 'object',
    required: ['status', 'reasons'],
    properties: { status: status('not ready'), reasons: { type: 'array', items: { type: 'string' } } },
    'x-examples': {
      queue_full: { value: { status: 'not ready', reasons: ['the queue is full'] } },
    },
  },
} as const

export const metricsResponses = {
  200: {
    description: "Every metric, in Prometheus's text format.",
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
} as const
