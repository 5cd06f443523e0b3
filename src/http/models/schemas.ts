/** What goes in and out of the routes of models, as JSON Schema: it documents the API and writes the answers. */

import { MODEL_STATES } from './model-object.ts'

const time = { type: ['string', 'null'], format: 'date-time' }

/** The wildcard that stands for an id; the description of the API calls it so. */
const params = {
  type: 'object',
  required: ['*'],
  properties: {
    '*': {
      type: 'string',
      minLength: 1,
      description: 'An id, an alias or an allowed repository, with or without @revision; slashes may be encoded.',
    },
  },
}

const model = {
  type: 'object',
  required: ['id', 'object', 'created', 'owned_by', 'task', 'language', 'aliases', 'state'],
  properties: {
    id: { type: 'string' },
    object: { type: 'string', const: 'model' },
    created: { type: 'integer', description: 'When its files came to this machine, in seconds since 1970.' },
    owned_by: { type: 'string', description: 'Owner of its repository.' },
    task: { type: 'string', const: 'automatic-speech-recognition' },
    language: {
      type: ['array', 'null'],
      items: { type: 'string' },
      description: 'Of requests that name none; null: it is detected.',
    },
    aliases: { type: 'array', items: { type: 'string' } },
    state: { type: 'string', enum: MODEL_STATES },
  },
}

const engine = {
  type: 'object',
  required: ['id', 'state'],
  properties: {
    id: { type: 'string' },
    state: { type: 'string', enum: ['preparing', 'loading', 'loaded', 'unloading', 'failed'] },
    stage: {
      type: ['string', 'null'],
      enum: ['download', 'compile', null],
      description: 'Of a model that is being prepared; null while it waits for its turn.',
    },
    fraction: { type: ['number', 'null'], minimum: 0, maximum: 1, description: 'Of the stage, where it is known.' },
    resident_bytes: { type: ['integer', 'null'], description: "Memory of the model's process." },
    device: { type: ['string', 'null'], description: 'Where it runs, as DEVICE says.' },
    device_bytes: {
      type: ['integer', 'null'],
      description: "GPU memory of the model's process, where NVIDIA's driver tells.",
    },
    requests: { type: 'integer', minimum: 0, description: 'That it works on, or that wait for it.' },
    loaded_at: time,
    last_used_at: time,
    load_seconds: { type: ['number', 'null'] },
    expires_at: { ...time, description: 'When it will be unloaded unless somebody asks for it.' },
    failure: { type: ['string', 'null'], description: 'Why a model that has failed could not be loaded.' },
    retry_at: { ...time, description: 'Until when requests for it get that answer at once.' },
  },
}

const error = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
    },
  },
}

const failures = {
  400: { description: 'The model is of a kind that does not allow this.', ...error },
  404: { description: 'There is no such model, or it is not where it was looked for.', ...error },
  409: { description: 'Somebody is using the model.', ...error },
  500: { description: 'An unexpected failure.', ...error },
  503: { description: 'The files did not come, the model could not be loaded, or the service is closing.', ...error },
}

function failing<S extends keyof typeof failures>(...statuses: readonly S[]) {
  return Object.fromEntries(statuses.map((status) => [status, failures[status]]))
}

export const listSchema = {
  summary: 'The models that may be named',
  response: {
    200: {
      description: 'Those of the service, and allowed repositories that are on its machine.',
      type: 'object',
      required: ['object', 'data'],
      properties: { object: { type: 'string', const: 'list' }, data: { type: 'array', items: model } },
    },
  },
}

export const modelSchema = {
  summary: 'One model',
  params,
  response: { 200: { description: 'Under the id that was asked for.', ...model }, ...failing(404) },
}

export const downloadSchema = {
  summary: 'Download a model',
  description: 'Brings what is missing or newer. With `Accept: text/event-stream` the progress is told meanwhile.',
  params,
  response: {
    200: {
      description: 'The files are on the machine.',
      content: {
        'application/json': { schema: model },
        'text/event-stream': {
          schema: {
            type: 'string',
            description:
              'Events `model.download.progress` with `file`, `done_bytes` and `total_bytes`, then `model.download.done` with `model`, or an `error`; then `[DONE]`.',
          },
        },
      },
    },
    ...failing(400, 404, 500, 503),
  },
}

export const deleteModelSchema = {
  summary: 'Delete the files of a model',
  description: 'From the caches, with what was compiled from them. An idle model is unloaded first.',
  params,
  response: {
    200: {
      description: 'The files are gone.',
      type: 'object',
      required: ['id', 'object', 'deleted'],
      properties: {
        id: { type: 'string' },
        object: { type: 'string', const: 'model' },
        deleted: { type: 'boolean', const: true },
      },
    },
    ...failing(400, 404, 409, 500),
  },
}

/** Of an object that lists the models in memory. */
export const enginesProperty = {
  models: {
    type: 'array',
    description:
      'Those that are loaded, on their way to it or being unloaded, and those that could not be loaded a moment ago.',
    items: { ...engine, required: Object.keys(engine.properties) },
  },
}

export const enginesSchema = {
  summary: 'The models in memory',
  response: {
    200: { description: 'All of them.', type: 'object', required: ['models'], properties: enginesProperty },
  },
}

export const loadSchema = {
  summary: 'Load a model',
  description:
    'Downloads, compiles and loads it, in line with the requests, and waits for it; also where it has failed a moment ago. A client that goes away does not stop it.',
  params,
  response: {
    200: { description: 'It was loaded already.', ...engine },
    201: { description: 'It is loaded.', ...engine },
    ...failing(404, 500, 503),
  },
}

export const unloadSchema = {
  summary: 'Unload a model',
  description:
    'Ends its process, which gives all of its memory back. A load that nobody waits for any more is given up.',
  params,
  response: {
    200: {
      description: 'Its process is gone.',
      type: 'object',
      required: ['id', 'unloaded'],
      properties: { id: { type: 'string' }, unloaded: { type: 'boolean', const: true } },
    },
    ...failing(404, 409, 500),
  },
}
