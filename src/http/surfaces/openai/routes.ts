/** `/v1/audio/transcriptions`, `/v1/audio/translations`, `/v1/audio/detect-language` and `/v1/limits`. */

import type { FastifyInstance } from 'fastify'
import type { Config } from '../../../config.ts'
import { MediaTypeError } from '../../../errors/index.ts'
import { answerFailures } from '../../failures/error-handler.ts'
import type { FormFields, Recordings } from '../../recordings/index.ts'
import { formRoute } from '../form-route.ts'
import { writeAnswer } from './answers.ts'
import { type AudioFormRules, checkAudioForm, FIELD_NAMES, readAudioForm } from './audio-form.ts'
import { DETECTION_FIELDS, languageAnswer, readDetectionForm } from './detect-language.ts'
import { openAiForm } from './errors.ts'
import { limitsOf } from './limits.ts'
import { detectionRouteSchema, limitsRouteSchema, transcriptionRouteSchema, translationRouteSchema } from './schemas.ts'
import { streamAnswer } from './streamed-answer.ts'

const FILE_PARTS = ['file'] as const

export interface OpenAiRoutesOptions {
  readonly recordings: Recordings
  readonly config: Config
}

export async function openAiRoutes(app: FastifyInstance, { recordings, config }: OpenAiRoutesOptions): Promise<void> {
  const { defaultId: defaultModelId } = config.models
  answerFailures(app, openAiForm)
  const route = formRoute(() => new MediaTypeError())

  const audioRoute = (path: string, rules: AudioFormRules, schema: object) => {
    const read = (fields: FormFields) => readAudioForm(fields, rules)
    app.post(path, { ...route, schema }, async (request, reply) => {
      await using recording = await recordings.receive(request, reply, {
        fileParts: FILE_PARTS,
        modelField: 'model',
        fieldNames: FIELD_NAMES,
        read,
        check: checkAudioForm,
      })
      if (recording.form.isStreamed) {
        await streamAnswer(request, reply, recording)
        return reply
      }
      const { type, body } = writeAnswer(recording.form, await recording.transcribe())
      return reply.type(type).send(body)
    })
  }
  audioRoute(
    '/v1/audio/transcriptions',
    { task: 'transcribe', defaultModelId },
    transcriptionRouteSchema(defaultModelId),
  )
  audioRoute('/v1/audio/translations', { task: 'translate', defaultModelId }, translationRouteSchema(defaultModelId))

  const detection = { ...route, schema: detectionRouteSchema(defaultModelId) }
  app.post('/v1/audio/detect-language', detection, async (request, reply) => {
    const read = (fields: FormFields) => readDetectionForm(fields, defaultModelId)
    const rules = { fileParts: FILE_PARTS, modelField: 'model', fieldNames: DETECTION_FIELDS, read }
    await using recording = await recordings.receive(request, reply, rules)
    return languageAnswer(await recording.detectLanguage())
  })

  app.get('/v1/limits', { schema: limitsRouteSchema }, async () => limitsOf(config, recordings.queueState))
}
