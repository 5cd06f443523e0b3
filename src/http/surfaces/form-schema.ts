/** Forms and answers of recordings, as the documents of routes have them. */

import { z } from 'zod'
import { fieldSchemas, type OptionInfo } from '../../option-table.ts'
import { jsonSchema } from '../../schema.ts'
import { FORMATS, type FormatName } from '../../transcript/index.ts'

/**
 * A form with a recording.
 *
 * @param part    name of the recording's part.
 * @param own     fields that no table of options has.
 * @param tabled  the others.
 */
export function formSchema(part: string, own: z.ZodRawShape, tabled: readonly OptionInfo[] = []) {
  const { properties } = jsonSchema(z.object(own))
  return {
    type: 'object',
    required: [part],
    properties: {
      [part]: {
        type: 'string',
        format: 'binary',
        description: 'The recording: any audio or video file that ffmpeg reads, under any name.',
      },
      ...(properties as object), // of an object there always are
      ...fieldSchemas(tabled),
    },
  }
}

/** Answers that differ by `response_format`: JSON of some schemas, and the formats that are text, by their media types. */
export function formatAnswers(json: readonly z.ZodType[], textFormats: readonly FormatName[]) {
  const texts = textFormats.map((name) => {
    const mediaType = FORMATS[name].contentType.split(';', 1)[0]!
    return [mediaType, { schema: { type: 'string', description: `With response_format ${name}.` } }] as const
  })
  return { 'application/json': { schema: { anyOf: json.map(jsonSchema) } }, ...Object.fromEntries(texts) }
}

/** `FORMATS` that are no JSON. */
export const TEXT_FORMATS = ['text', 'srt', 'vtt', 'tsv'] as const satisfies readonly FormatName[]
