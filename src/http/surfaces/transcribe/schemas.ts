/** What goes in and out of `POST /transcribe`, with examples, for the description of the API. */

import { z } from 'zod'
import { jsonSchema } from '../../../schema.ts'
import { verboseJsonSchema } from '../../../transcript/index.ts'
import { detailSchema } from '../../failures/error-schemas.ts'
import { formatAnswers, formSchema, TEXT_FORMATS } from '../form-schema.ts'
import { formInfos } from './form.ts'

type Examples = Readonly<Record<string, { readonly value: unknown }>>

export function transcribeBody(defaultModelId: string) {
  const own = {
    model_id: z.string().default(defaultModelId).describe('A model of this service, such as base.'),
    language: z.string().meta({
      description:
        'Code or name of the spoken language (pt, portuguese, português), or auto: detected. Left out, the model decides.',
      examples: ['pt'],
    }),
  }
  return formSchema('file', own, formInfos())
}

/** Without `response_format`, or with json. */
export const transcribeAnswerSchema = z
  .object({
    status: z.literal('success'),
    model_used: z.string(),
    processing_time_sec: z.number().describe('Seconds since the request arrived, to two decimals.'),
    transcription: z.string(),
  })
  .describe('With response_format json, or without one.')

const answers = formatAnswers(
  [transcribeAnswerSchema, verboseJsonSchema.describe('With response_format verbose_json.')],
  TEXT_FORMATS,
)

const success = {
  status: 'success',
  model_used: 'freds0',
  processing_time_sec: 1.23,
  transcription: 'Bom dia a todos, vamos começar a reunião.',
} satisfies z.infer<typeof transcribeAnswerSchema>

const prefix = 'Erro no processamento de áudio: '

export const transcribeResponses = {
  200: {
    description: 'What is said in the recording.',
    content: {
      ...answers,
      'application/json': { ...answers['application/json'], examples: { success: { value: success } } },
    },
  },
  400: errorSchema('The form lacks its file, or a field of it has a value that is not known or not allowed.', {
    no_file: 'Nenhum arquivo enviado.',
    unknown_model: "Modelo 'x' não suportado.",
    unknown_language:
      "Language 'klingon' is not one that this model knows: set language to a code such as pt or en, a name such as portuguese, or auto.",
    invalid_option: "Option beam_size has the value '99', which is not allowed: use a whole number from 1 to 16.",
  }),
  401: errorSchema('No API key, or one that the service does not know.', {
    no_key:
      "The request has no API key: send the header 'Authorization: Bearer KEY' with a key that the operator has given you.",
  }),
  408: errorSchema('The upload stopped half-way.', {
    stalled:
      'The upload stopped: hardly any data arrived for 60 seconds: check the connection and send the file again.',
  }),
  413: errorSchema('The upload is above MAX_UPLOAD_MB, or the form around it has more than it may.', {
    too_large:
      'The upload is larger than the allowed 1024 MB: send a compressed file, such as mp3 or ogg, split the recording, or raise MAX_UPLOAD_MB.',
    too_many_parts: 'The form has more than the allowed 1000 parts: send one file, and the options that it needs.',
  }),
  429: errorSchema('Too many requests; the header `retry-after` says how long to wait.', {
    busy: 'The service is busy: 64 requests are waiting already: wait 5 seconds, then send the request again.',
  }),
  500: errorSchema('The recording could not be processed, or the model could not be loaded.', {
    unreadable: `${prefix}The file could not be read as audio (no audio stream): send a complete audio or video file, such as wav, mp3, ogg, m4a or mp4.`,
    empty: `${prefix}The file is empty: send a file that holds a recording.`,
    model_not_loaded: `${prefix}Model 'freds0' could not be loaded (The hub does not answer): check the network and HF_ENDPOINT.`,
    unexpected: `${prefix}unexpected failure; the service's log has the cause under request id 5f0c.`,
  }),
  503: errorSchema('The service is shutting down, or the time for the request is over.', {
    closing: 'The service is shutting down: send the request again in a moment.',
  }),
} as const

function errorSchema(description: string, examples: Readonly<Record<string, string>>) {
  const values: Examples = Object.fromEntries(
    Object.entries(examples).map(([name, detail]) => [name, { value: { detail } }]),
  )
  return { ...jsonSchema(detailSchema), description, 'x-examples': values }
}
