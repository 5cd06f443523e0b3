/** The answers to failures, as JSON Schema. */

const DESCRIPTIONS = {
  400: 'A field, or the recording, cannot be used; `param` names it.',
  401: 'No API key, or one that the service does not know.',
  404: 'The service has no such model.',
  408: 'The upload stopped half-way.',
  409: 'The model is in use.',
  413: 'The upload is above MAX_UPLOAD_MB.',
  415: 'The body is no form.',
  429: 'Too many requests; `retry-after` says how long to wait.',
  500: 'The recording could not be processed.',
  503: 'The model could not be loaded, the time was up, or the service is shutting down.',
} as const

export type DocumentedStatus = keyof typeof DESCRIPTIONS

const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }

const openAiError = {
  type: 'object',
  required: ['message', 'type', 'param', 'code'],
  properties: { message: text, type: text, param: textOrNull, code: textOrNull },
}

/** In OpenAI's form. */
export function openAiErrors(...statuses: readonly DocumentedStatus[]): Record<number, object> {
  return errorsOf('error', openAiError, statuses)
}

/** One sentence under a key. */
export function sentenceErrors(
  key: 'detail' | 'error',
  ...statuses: readonly DocumentedStatus[]
): Record<number, object> {
  return errorsOf(key, text, statuses)
}

function errorsOf(key: string, schema: object, statuses: readonly DocumentedStatus[]): Record<number, object> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: DESCRIPTIONS[status], type: 'object', required: [key], properties: { [key]: schema } },
    ]),
  )
}
