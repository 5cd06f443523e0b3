/** What a zod schema is beside a validation: the type of its data, and the JSON Schema that documents it. */

import { z } from 'zod'

/** The data of a schema, read-only. */
export type DataOf<S extends z.ZodType> = Frozen<z.output<S>>

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T

export type JsonSchema = Readonly<Record<string, unknown>>

/** As an OpenAPI document has it: objects may have more keys than are named, so that answers may get more. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema, ...json } = z.toJSONSchema(schema, { override: ({ jsonSchema: part }) => tidy(part) })
  return json
}

function tidy(part: z.core.JSONSchema.BaseSchema): void {
  if (part.additionalProperties === false) delete part.additionalProperties
  delete part.propertyNames // those of a record are strings, which JSON says by itself
  if (part.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum
  if (part.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum
  const [values, none] = part.anyOf ?? []
  if (part.anyOf?.length !== 2 || values?.type === undefined || none?.type !== 'null') return
  delete part.anyOf
  const { type, enum: choices, ...others } = values
  Object.assign(part, { type: [type, 'null'], ...(choices && { enum: [...choices, null] }), ...others, ...part })
}
