/** `POST /transcribe`, the contract that existing callers rely on. */
export { healthResponses } from './schemas.ts'
export { formProperties } from './transcribe-form.ts'
export { transcribeRoute } from './transcribe-route.ts'
export { VERBOSE_JSON_SCHEMA } from './verbose-json-schema.ts'
