/** What goes in and out of the routes of models, for the description of the API. */

import { z } from 'zod'
import { jsonSchema } from '../../schema.ts'
import { failureSchemas } from '../failures/error-schemas.ts'
import { openAiErrorSchema } from '../surfaces/openai/errors.ts'
import { engineSchema, enginesSchema, modelSchema } from './model-answers.ts'

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

const model = jsonSchema(modelSchema)

const DESCRIPTIONS = {
  400: 'The model is of a kind that does not allow this.',
  404: 'There is no such model, or it is not where it was looked for.',
  409: 'Somebody is using the model, or another program has brought its files.',
  429: 'As many loads or downloads are under way as allowed, for this caller or for all.',
  500: 'An unexpected failure.',
  503: 'The files did not come, the model could not be loaded, or the service is closing.',
}

function failing(...statuses: readonly (keyof typeof DESCRIPTIONS)[]) {
  return failureSchemas(openAiErrorSchema, statuses, DESCRIPTIONS)
}

export const listSchema = {
  summary: 'The models that may be named',
  response: {
    200: {
      ...jsonSchema(z.object({ object: z.literal('list'), data: z.array(modelSchema) })),
      description: 'Those of the service, and allowed repositories that are on its machine.',
    },
  },
}

export const oneModelSchema = {
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
    ...failing(400, 404, 429, 500, 503),
  },
}

export const deleteModelSchema = {
  summary: 'Delete the files of a model',
  description: 'From the caches, with what was compiled from them. An idle model is unloaded first.',
  params,
  response: {
    200: {
      ...jsonSchema(z.object({ id: z.string(), object: z.literal('model'), deleted: z.literal(true) })),
      description: 'The files are gone.',
    },
    ...failing(400, 404, 409, 500),
  },
}

export const psSchema = {
  summary: 'The models in memory',
  response: {
    200: { ...jsonSchema(enginesSchema), description: 'All of them.' },
  },
}

/** It may be gone already, for another model that somebody waits for. */
const engine = jsonSchema(engineSchema.partial().required({ id: true, state: true }))

export const loadSchema = {
  summary: 'Load a model',
  description:
    'Downloads, compiles and loads it, in line with the requests, and waits for it; also where it has failed a moment ago. A client that goes away does not stop it.',
  params,
  response: {
    200: { description: 'It was loaded already.', ...engine },
    201: { description: 'It is loaded.', ...engine },
    ...failing(404, 429, 500, 503),
  },
}

export const unloadSchema = {
  summary: 'Unload a model',
  description:
    'Ends its process, which gives all of its memory back. A load that nobody waits for any more is given up.',
  params,
  response: {
    200: {
      ...jsonSchema(z.object({ id: z.string(), unloaded: z.literal(true) })),
      description: 'Its process is gone.',
    },
    ...failing(404, 409, 500),
  },
}
