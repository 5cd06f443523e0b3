/** `/asr` and `/detect-language` of whisper-asr-webservice, so that its clients only change the address. */

import type { FastifyInstance } from 'fastify'
import { UploadMissingError } from '../../../errors/index.ts'
import type { FailureScope } from '../../failures/error-forms.ts'
import { sentenceForm } from '../../failures/error-forms.ts'
import { answerFailures } from '../../failures/error-handler.ts'
import type { Recordings } from '../../recordings/index.ts'
import { formRoute } from '../form-route.ts'
import { contentDisposition, detectionJson, writeAsr } from './answers.ts'
import { readAsrQuery, readDetectionQuery } from './query.ts'
import { asrSchema, detectLanguageSchema } from './schemas.ts'

/** The original names its engine here; none of its names would be true. */
const ENGINE = 'paradox-asr'
const FILE_PARTS = ['audio_file'] as const
/** The parameters stand in the query. */
const FORM = { fileParts: FILE_PARTS, fieldNames: [] }

export const asrWebserviceFailures: FailureScope = {
  paths: ['/asr', '/detect-language'],
  form: sentenceForm('detail'),
  meant: [
    [/\/asr$/i, '/asr'],
    [/\/detect-language$/i, '/detect-language'],
  ],
  baseUrl: "The endpoint of its clients is this service's address alone, such as http://localhost:8000.",
}

export interface AsrWebserviceOptions {
  readonly recordings: Recordings
  /** The queries name no model. */
  readonly defaultModelId: string
}

export async function asrWebserviceRoutes(
  app: FastifyInstance,
  { recordings, defaultModelId }: AsrWebserviceOptions,
): Promise<void> {
  answerFailures(app, asrWebserviceFailures.form)
  const route = formRoute(() => new UploadMissingError(FILE_PARTS[0]))

  app.post('/asr', { ...route, schema: asrSchema }, async (request, reply) => {
    const query = readAsrQuery(request.query, defaultModelId)
    const rules = { ...FORM, isRawPcm: query.isRawPcm, read: () => query }
    await using recording = await recordings.receive(request, reply, rules)
    const body = writeAsr(query, await recording.transcribe())
    reply.header('asr-engine', ENGINE)
    reply.header('content-disposition', contentDisposition(recording.fileName, query.output))
    return reply.type('text/plain; charset=utf-8').send(body)
  })

  app.post('/detect-language', { ...route, schema: detectLanguageSchema }, async (request, reply) => {
    const query = readDetectionQuery(request.query, defaultModelId)
    const rules = { ...FORM, isRawPcm: query.isRawPcm, read: () => query }
    await using recording = await recordings.receive(request, reply, rules)
    return detectionJson(await recording.detectLanguage())
  })
}
