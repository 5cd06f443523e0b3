/** What goes in and out, as JSON Schema: it documents the API. */

import { FORMATS } from '../../transcript/index.ts'
import { formProperties } from './transcribe-form.ts'
import { VERBOSE_JSON_SCHEMA } from './verbose-json-schema.ts'

type Examples = Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>

const prefix = 'Erro no processamento de áudio: '

function errorSchema(description: string, examples: Readonly<Record<string, string>>) {
  const values: Examples = Object.fromEntries(
    Object.entries(examples).map(([name, detail]) => [name, { value: { detail } }]),
  )
  return {
    description,
    type: 'object',
    required: ['detail'],
    properties: { detail: { type: 'string' } },
    'x-examples': values,
  }
}

/** The form of `POST /transcribe`. It documents only: the form is read and checked while it arrives. */
export function transcribeBody(defaultModelId: string) {
  return {
    type: 'object',
    required: ['file'],
    properties: {
      file: {
        type: 'string',
        format: 'binary',
        description: 'The recording: any audio or video file that ffmpeg reads, under any name.',
      },
      model_id: { type: 'string', default: defaultModelId, description: 'A model of this service, such as base.' },
      language: {
        type: 'string',
        description:
          'Code or name of the spoken language (pt, portuguese, português), or auto: detected. Left out, the model decides.',
        examples: ['pt'],
      },
      ...formProperties(),
    },
  }
}

const defaultAnswer = {
  description: 'With response_format json, or without one.',
  type: 'object',
  required: ['status', 'model_used', 'processing_time_sec', 'transcription'],
  properties: {
    status: { type: 'string', const: 'success' },
    model_used: { type: 'string' },
    processing_time_sec: { type: 'number', description: 'Seconds since the request arrived, to two decimals.' },
    transcription: { type: 'string' },
  },
}

/** The formats that are no JSON, by their media types. */
const textFormats = Object.fromEntries(
  Object.entries(FORMATS).flatMap(([name, { contentType }]) => {
    const mediaType = contentType.split(';', 1)[0]!
    const schema = { type: 'string', description: `With response_format ${name}.` }
    return mediaType === 'application/json' ? [] : [[mediaType, { schema }]]
  }),
)

export const transcribeResponses = {
  200: {
    description: 'What is said in the recording.',
    content: {
      'application/json': {
        schema: {
          anyOf: [defaultAnswer, { ...VERBOSE_JSON_SCHEMA, description: 'With response_format verbose_json.' }],
        },
        examples: {
          success: {
            value: {
              status: 'success',
              model_used: 'freds0',
              processing_time_sec: 1.23,
              transcription: 'Bom dia a todos, vamos começar a reunião.',
            },
          },
        } satisfies Examples,
      },
      ...textFormats,
    },
  },
  400: errorSchema('The form lacks its file, or a field of it has a value that is not known or not allowed.', {
    no_file: 'Nenhum arquivo enviado.',
    unknown_model: "Modelo 'x' não suportado.",
    unknown_language: "Language 'klingon' is not one that this model knows: use a code such as pt, or leave it out.",
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
  413: errorSchema('The upload is above MAX_UPLOAD_MB.', {
    too_large:
      'The upload is larger than the allowed 1024 MB: send a compressed file, such as mp3 or ogg, split the recording, or raise MAX_UPLOAD_MB.',
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

export const healthResponses = {
  200: {
    description: 'The service answers.',
    type: 'object',
    required: ['status', 'active_model'],
    properties: {
      status: { type: 'string', const: 'ok' },
      active_model: { type: ['string', 'null'], description: 'The loaded model that served most recently.' },
    },
    'x-examples': {
      nothing_loaded: { value: { status: 'ok', active_model: null } },
      loaded: { value: { status: 'ok', active_model: 'freds0' } },
    } satisfies Examples,
  },
} as const
