/** `/v1/audio/transcriptions`, `/v1/audio/translations`, `/v1/audio/detect-language` and `/v1/limits`. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { MediaTypeError } from '../../errors/index.ts'
import type { FormFields, RecordingIntake } from '../recordings/index.ts'
import { writeAnswer } from './answers.ts'
import { type AudioFormRules, checkAudioForm, readAudioForm } from './audio-form.ts'
import { languageAnswer, readDetectionForm } from './detect-language.ts'
import { limitsOf } from './limits.ts'
import { detectLanguageSchema, limitsSchema, transcriptionSchema, translationSchema } from './schemas.ts'
import { streamAnswer } from './streamed-answer.ts'

const FILE_PARTS = ['file'] as const

export interface OpenAiRoutesOptions {
  readonly intake: RecordingIntake
  readonly config: Config
}

export async function openAiRoutes(app: FastifyInstance, { intake, config }: OpenAiRoutesOptions): Promise<void> {
  const { defaultId: defaultModelId } = config.models
  const formRoute = {
    validatorCompiler: () => () => true, // the form is no JSON value; it is checked as it arrives
    serializerCompiler: () => JSON.stringify, // the schemas document; the answers are written by hand
    onRequest: async ({ headers }: FastifyRequest) => {
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) throw new MediaTypeError()
    },
  }

  const audioRoute = (path: string, rules: AudioFormRules, schema: object) => {
    const read = (fields: FormFields) => readAudioForm(fields, rules)
    app.post(path, { ...formRoute, schema }, async (request, reply) => {
      await using recording = await intake.receive(request, reply, {
        fileParts: FILE_PARTS,
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
  audioRoute('/v1/audio/transcriptions', { task: 'transcribe', defaultModelId }, transcriptionSchema(defaultModelId))
  audioRoute('/v1/audio/translations', { task: 'translate', defaultModelId }, translationSchema(defaultModelId))

  const detection = { ...formRoute, schema: detectLanguageSchema(defaultModelId) }
  app.post('/v1/audio/detect-language', detection, async (request, reply) => {
    const read = (fields: FormFields) => readDetectionForm(fields, defaultModelId)
    await using recording = await intake.receive(request, reply, { fileParts: FILE_PARTS, read })
    return languageAnswer(await recording.detectLanguage())
  })

  app.get('/v1/limits', { schema: limitsSchema }, async () => limitsOf(config, intake.queueState))
}
