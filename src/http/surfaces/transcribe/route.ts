/** `POST /transcribe`: receive the recording, have it transcribed, answer, and leave nothing on the disk. */

import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { UploadMissingError } from '../../../errors/index.ts'
import { FORMATS } from '../../../transcript/index.ts'
import { elapsedSeconds } from '../../connections/index.ts'
import { answerFailures } from '../../failures/error-handler.ts'
import type { FormFields, Recordings } from '../../recordings/index.ts'
import { formRoute } from '../form-route.ts'
import { detailForm } from './errors.ts'
import { checkForm, FIELD_NAMES, readForm } from './form.ts'
import { type transcribeAnswerSchema, transcribeBody, transcribeResponses } from './schemas.ts'

export interface TranscribeRouteOptions {
  readonly recordings: Recordings
  readonly defaultModelId: string
}

export async function transcribeRoute(
  app: FastifyInstance,
  { recordings, defaultModelId }: TranscribeRouteOptions,
): Promise<void> {
  const schema = {
    summary: 'Transcribe a recording',
    consumes: ['multipart/form-data'],
    body: transcribeBody(defaultModelId),
    response: transcribeResponses,
  }
  answerFailures(app, detailForm)
  const read = (fields: FormFields) => {
    const { modelId = defaultModelId, ...form } = readForm(fields)
    return { ...form, modelId }
  }
  app.post('/transcribe', { ...formRoute(() => new UploadMissingError()), schema }, async (request, reply) => {
    const rules = {
      fileParts: ['file'] as const,
      modelField: 'model_id',
      fieldNames: FIELD_NAMES,
      read,
      check: checkForm,
    }
    await using recording = await recordings.receive(request, reply, rules)
    const { modelId, format, subtitles } = recording.form
    const transcription = await recording.transcribe()

    if (format !== 'json') {
      reply.type(FORMATS[format].contentType)
      return FORMATS[format].write(transcription, subtitles)
    }
    const answer: z.infer<typeof transcribeAnswerSchema> = {
      status: 'success',
      model_used: modelId,
      processing_time_sec: elapsedSeconds(request.facts),
      transcription: transcription.text.trim(),
    }
    return answer
  })
}
