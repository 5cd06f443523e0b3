/** `/inference` of whisper.cpp's server, so that its clients only change the address. */

import type { FastifyInstance } from 'fastify'
import { UploadMissingError } from '../../../errors/index.ts'
import { type FailureScope, sentenceForm } from '../../failures/error-forms.ts'
import { answerFailures } from '../../failures/error-handler.ts'
import type { FormFields, Recordings } from '../../recordings/index.ts'
import { formRoute } from '../form-route.ts'
import { writeInference } from './answers.ts'
import { checkInferenceForm, INFERENCE_FIELDS, readInferenceForm } from './form.ts'
import { inferenceSchema } from './schemas.ts'

const FILE_PARTS = ['file'] as const
const FIELD_NAMES = Object.keys(INFERENCE_FIELDS)

export const whisperCppFailures: FailureScope = {
  paths: ['/inference'],
  form: sentenceForm('error'),
  meant: [[/\/inference$/i, '/inference']],
  baseUrl: 'It stands directly behind the address of this service, such as http://localhost:8000/inference.',
}

export interface WhisperCppOptions {
  readonly recordings: Recordings
  /** The form names no model. */
  readonly defaultModelId: string
}

export async function whisperCppRoutes(
  app: FastifyInstance,
  { recordings, defaultModelId }: WhisperCppOptions,
): Promise<void> {
  answerFailures(app, whisperCppFailures.form)
  const route = formRoute(() => new UploadMissingError(FILE_PARTS[0]))

  app.post('/inference', { ...route, schema: inferenceSchema }, async (request, reply) => {
    const read = (fields: FormFields) => readInferenceForm(fields, defaultModelId)
    const rules = { fileParts: FILE_PARTS, fieldNames: FIELD_NAMES, read, check: checkInferenceForm }
    await using recording = await recordings.receive(request, reply, rules)
    const { type, body } = writeInference(recording.form, await recording.transcribe())
    return reply.type(type).send(body)
  })
}
