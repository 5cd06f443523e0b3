/** What goes in and out of whisper-asr-webservice's routes, for the description of the API. */

import { z } from 'zod'
import { describeOptions, fieldSchemas } from '../../../option-table.ts'
import { jsonSchema } from '../../../schema.ts'
import { DEFAULTS } from '../../../whisper/options.ts'
import { detailSchema, failureSchemas } from '../../failures/error-schemas.ts'
import { formSchema } from '../form-schema.ts'
import { ASR_PARAMETERS, DETECTION_PARAMETERS } from './query.ts'

const common = {
  tags: ['whisper-asr-webservice'],
  consumes: ['multipart/form-data'],
  body: formSchema('audio_file', {}),
}
const failures = failureSchemas(detailSchema, [400, 401, 408, 413, 429, 500, 503])

export const asrSchema = {
  summary: 'Transcribe a recording, as whisper-asr-webservice does',
  ...common,
  querystring: {
    type: 'object',
    properties: fieldSchemas(
      describeOptions(ASR_PARAMETERS, { ...DEFAULTS, encode: true, output: 'txt', diarize: false }),
    ),
  },
  response: {
    200: {
      description: 'What is said in the recording, written as `output` says; with json an object as text.',
      headers: {
        'asr-engine': { type: 'string', const: 'paradox-asr' },
        'content-disposition': { type: 'string', description: "The recording's name, with `output` as its suffix." },
      },
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
    ...failures,
  },
}

export const detectionSchema = z.object({
  detected_language: z.string().describe('English name in lower case.'),
  language_code: z.string().describe('As Whisper has it, such as pt.'),
  confidence: z.number().min(0).max(1),
})

export const detectLanguageSchema = {
  summary: 'Which language is spoken in a recording, as whisper-asr-webservice says it',
  ...common,
  querystring: { type: 'object', properties: fieldSchemas(describeOptions(DETECTION_PARAMETERS, { encode: true })) },
  response: {
    200: {
      ...jsonSchema(detectionSchema),
      description: 'The likeliest language. A confidence of 0: nobody speaks.',
    },
    ...failures,
  },
}
