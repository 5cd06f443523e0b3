/** What goes in and out of OpenAI's routes, for the description of the API. */

import { z } from 'zod'
import { jsonSchema } from '../../../schema.ts'
import { openAiJsonSchema, openAiVerboseJsonSchema } from '../../../transcript/index.ts'
import { failureSchemas } from '../../failures/error-schemas.ts'
import { formatAnswers, formSchema, TEXT_FORMATS } from '../form-schema.ts'
import { audioFormInfos, GRANULARITIES, INCLUDES } from './audio-form.ts'
import { detectionInfos, detectionSchema } from './detect-language.ts'
import { openAiErrorSchema } from './errors.ts'
import { limitsSchema } from './limits-answer.ts'

const common = { tags: ['OpenAI'], consumes: ['multipart/form-data'] }
const failures = failureSchemas(openAiErrorSchema, [400, 401, 404, 408, 413, 415, 429, 500, 503])

const modelField = (defaultModelId: string) =>
  z
    .string()
    .default(defaultModelId)
    .meta({
      description: 'An id of `GET /v1/models`, another name of one such as whisper-1, or an allowed repository.',
      examples: ['whisper-1'],
    })
const languagesField = z.array(z.string()).describe('Codes of the languages that detection chooses among.')

function audioBody(defaultModelId: string) {
  const own = {
    model: modelField(defaultModelId),
    language: z.string().meta({
      description: 'Code or name of the spoken language, such as pt, or auto: detected. Left out, the model decides.',
      examples: ['pt'],
    }),
    prompt: z
      .string()
      .describe(
        'Text that might have been said before, for names and spelling; of one that is too long the end counts.',
      ),
    temperature: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Of sampling. 0: as sure as possible, and warmer only where that fails.'),
    'timestamp_granularities[]': z
      .array(z.enum(GRANULARITIES))
      .describe('What has times; word with response_format verbose_json.'),
    'include[]': z
      .array(z.enum(INCLUDES))
      .describe(
        'logprobs, with response_format json: log-probabilities of the tokens. progress, with stream: seconds that are done. statistics, with verbose_json: what it took.',
      ),
    chunking_strategy: z.string().meta({
      description: 'auto, or {"type":"server_vad"} with threshold, prefix_padding_ms and silence_duration_ms.',
      examples: ['auto'],
    }),
    'keywords[]': z.array(z.string()).describe('Words that are likely to be said.'),
    'languages[]': languagesField,
  }
  return formSchema('file', own, audioFormInfos())
}

/** Not called by its class: the answers differ by `response_format` and `stream`. */
function answers(description: string) {
  const json = openAiJsonSchema.describe('With response_format json.')
  const verboseJson = openAiVerboseJsonSchema.describe('With response_format verbose_json.')
  const events = {
    type: 'string',
    description:
      'With stream: `transcript.text.delta` and `transcript.text.segment` for each segment, then `transcript.text.done`, each as JSON after `data: `, then `data: [DONE]`.',
  }
  return {
    description,
    content: { ...formatAnswers([json, verboseJson], TEXT_FORMATS), 'text/event-stream': { schema: events } },
  }
}

export function transcriptionRouteSchema(defaultModelId: string) {
  return {
    summary: 'Transcribe a recording, as OpenAI does',
    ...common,
    body: audioBody(defaultModelId),
    response: { 200: answers('What is said in the recording.'), ...failures },
  }
}

export function translationRouteSchema(defaultModelId: string) {
  return {
    summary: 'Translate a recording into English, as OpenAI does',
    ...common,
    body: audioBody(defaultModelId),
    response: { 200: answers('What is said in the recording, in English.'), ...failures },
  }
}

export function detectionRouteSchema(defaultModelId: string) {
  const own = { model: modelField(defaultModelId), 'languages[]': languagesField }
  return {
    summary: 'Which language is spoken in a recording',
    ...common,
    body: formSchema('file', own, detectionInfos()),
    response: {
      200: {
        ...jsonSchema(detectionSchema),
        description: 'The likeliest language, by the first windows with speech. A probability of 0: nobody speaks.',
      },
      ...failures,
    },
  }
}

export const limitsRouteSchema = {
  summary: 'What may be sent, and how busy the service is',
  tags: ['OpenAI'],
  response: {
    200: { ...jsonSchema(limitsSchema), description: 'Limits, and the requests of this moment.' },
    ...failureSchemas(openAiErrorSchema, [401, 429, 503]),
  },
}
