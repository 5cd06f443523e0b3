import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { jsonSchema } from './schema.ts'

test('an object is described by its keys, and may have more', () => {
  const schema = z.object({ id: z.int().min(0), label: z.string().describe('What it is.').optional() })
  assert.deepEqual(jsonSchema(schema), {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer', minimum: 0 }, label: { type: 'string', description: 'What it is.' } },
  })
  assert.deepEqual(jsonSchema(z.record(z.string(), z.number())), {
    type: 'object',
    additionalProperties: { type: 'number' },
  })
})

test('what may be null has null among its types, its own description and its own choices', () => {
  assert.deepEqual(jsonSchema(z.enum(['a', 'b']).nullable().describe('One.')), {
    type: ['string', 'null'],
    enum: ['a', 'b', null],
    description: 'One.',
  })
  assert.deepEqual(jsonSchema(z.array(z.string()).nullable()), { type: ['array', 'null'], items: { type: 'string' } })
  const either = { anyOf: [{ type: 'string', maxLength: 2 }, { type: 'number' }] }
  assert.deepEqual(jsonSchema(z.union([z.string().max(2), z.number()])), either)
})
