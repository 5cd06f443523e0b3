/** `/asr` and `/detect-language` of whisper-asr-webservice, `/inference` of whisper.cpp's server. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { UploadMissingError } from '../../errors/index.ts'
import type { FormFields, RecordingIntake } from '../recordings/index.ts'
import { contentDisposition, detectionJson, writeAsr } from './asr-answers.ts'
import { readAsrQuery, readDetectionQuery } from './asr-query.ts'
import { writeInference } from './inference-answers.ts'
import { checkInferenceForm, readInferenceForm } from './inference-form.ts'
import { asrSchema, detectLanguageSchema, inferenceSchema } from './schemas.ts'

/** The original names its engine here; none of its names would be true. */
const ENGINE = 'paradox-asr'
const ASR_PARTS = ['audio_file'] as const
const INFERENCE_PARTS = ['file'] as const

export interface DoorRoutesOptions {
  readonly intake: RecordingIntake
  /** These forms name no model. */
  readonly defaultModelId: string
}

export async function doorRoutes(app: FastifyInstance, { intake, defaultModelId }: DoorRoutesOptions): Promise<void> {
  const asr = { ...formRoute(ASR_PARTS[0]), schema: asrSchema }
  app.post('/asr', asr, async (request, reply) => {
    const query = readAsrQuery(request.query, defaultModelId)
    const rules = { fileParts: ASR_PARTS, isRawPcm: query.isRawPcm, read: () => query }
    await using recording = await intake.receive(request, reply, rules)
    const body = writeAsr(query.output, await recording.transcribe())
    reply.header('asr-engine', ENGINE)
    reply.header('content-disposition', contentDisposition(recording.fileName, query.output))
    return reply.type('text/plain; charset=utf-8').send(body)
  })

  const detection = { ...formRoute(ASR_PARTS[0]), schema: detectLanguageSchema }
  app.post('/detect-language', detection, async (request, reply) => {
    const query = readDetectionQuery(request.query, defaultModelId)
    const rules = { fileParts: ASR_PARTS, isRawPcm: query.isRawPcm, read: () => query }
    await using recording = await intake.receive(request, reply, rules)
    return detectionJson(await recording.detectLanguage())
  })

  const inference = { ...formRoute(INFERENCE_PARTS[0]), schema: inferenceSchema }
  app.post('/inference', inference, async (request, reply) => {
    const read = (fields: FormFields) => readInferenceForm(fields, defaultModelId)
    const rules = { fileParts: INFERENCE_PARTS, read, check: checkInferenceForm }
    await using recording = await intake.receive(request, reply, rules)
    const { type, body } = writeInference(recording.form, await recording.transcribe())
    return reply.type(type).send(body)
  })
}

function formRoute(part: string) {
  return {
    validatorCompiler: () => () => true, // query and form are checked by the tables that the schemas are made from
    serializerCompiler: () => JSON.stringify, // the schemas document; the answers are written by hand
    onRequest: async ({ headers }: FastifyRequest) => {
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) throw new UploadMissingError(part)
    },
  }
}
