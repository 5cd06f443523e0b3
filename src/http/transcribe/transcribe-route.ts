/** `POST /transcribe`: receive the recording, have it transcribed, answer, and leave nothing on the disk. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { UploadMissingError } from '../../errors/index.ts'
import { FORMATS } from '../../transcript/index.ts'
import { elapsedSeconds } from '../connections/index.ts'
import type { FormFields, RecordingIntake } from '../recordings/index.ts'
import { transcribeBody, transcribeResponses } from './schemas.ts'
import { checkForm, readForm } from './transcribe-form.ts'

export interface TranscribeRouteOptions {
  readonly intake: RecordingIntake
  readonly defaultModelId: string
}

export async function transcribeRoute(
  app: FastifyInstance,
  { intake, defaultModelId }: TranscribeRouteOptions,
): Promise<void> {
  const schema = {
    summary: 'Transcribe a recording',
    consumes: ['multipart/form-data'],
    body: transcribeBody(defaultModelId),
    response: transcribeResponses,
  }
  const route = {
    schema,
    validatorCompiler: () => () => true, // the form is no JSON value; it is checked as it arrives
    // The schemas only document: an answer is of one form or another, and is written key by key as it stands below.
    serializerCompiler: () => JSON.stringify,
    // Before the framework meets a content type that is not even well-formed, and answers 415.
    onRequest: async ({ headers }: FastifyRequest) => {
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) throw new UploadMissingError()
    },
  }
  const read = (fields: FormFields) => {
    const { modelId = defaultModelId, ...form } = readForm(fields)
    return { ...form, modelId }
  }
  app.post('/transcribe', route, async (request, reply) => {
    await using recording = await intake.receive(request, reply, { fileParts: ['file'], read, check: checkForm })
    const { modelId, format, subtitles } = recording.form
    const transcription = await recording.transcribe()

    if (format !== 'json') {
      reply.type(FORMATS[format].contentType)
      return FORMATS[format].write(transcription, subtitles)
    }
    return {
      status: 'success',
      model_used: modelId,
      processing_time_sec: elapsedSeconds(request.facts),
      transcription: transcription.text.trim(),
    }
  })
}
