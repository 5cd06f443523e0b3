/** `POST /transcribe`: receive the recording, have it transcribed, answer, and leave nothing on the disk. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { Transcriber } from '../engine/transcriber.ts'
import { AudioEmptyError, ModelUnknownError, UploadMissingError } from '../errors/index.ts'
import { FORMATS } from '../transcript/index.ts'
import { elapsedSeconds, noteTimes } from './request-log.ts'
import { transcribeBody, transcribeResponses } from './schemas.ts'
import type { TempFiles } from './temp-files.ts'
import { checkForm, type FormFields, readForm, type TranscribeForm } from './transcribe-form.ts'
import { receiveUpload } from './upload.ts'

export interface TranscribeRouteOptions {
  readonly transcriber: Transcriber
  readonly config: Config
  readonly tempFiles: TempFiles
  /** Its abort ends the requests under way; they are answered with its reason. */
  readonly cut: AbortSignal
}

export async function transcribeRoute(
  app: FastifyInstance,
  { transcriber, config, tempFiles, cut }: TranscribeRouteOptions,
): Promise<void> {
  const schema = {
    summary: 'Transcribe a recording',
    consumes: ['multipart/form-data'],
    body: transcribeBody(config.models.defaultId),
    response: transcribeResponses,
  }
  const route = {
    schema,
    validatorCompiler: () => () => true, // the form is no JSON value; receiveUpload checks it as it arrives
    // The schemas only document: an answer is of one form or another, and is written key by key as it stands below.
    serializerCompiler: () => JSON.stringify,
    // Before the framework meets a content type that is not even well-formed, and answers 415.
    onRequest: async ({ headers }: FastifyRequest) => {
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) throw new UploadMissingError()
    },
  }
  app.post('/transcribe', route, async (request, reply) => {
    using work = abandonable(reply, cut)

    const read = (fields: FormFields): TranscribeForm & { readonly modelId: string } => {
      const { modelId = config.models.defaultId, ...form } = readForm(fields)
      request.facts.modelId = modelId
      if (!transcriber.find(modelId)) throw new ModelUnknownError(modelId, ['the ids that `paradox models` lists'])
      return { ...form, modelId }
    }
    const rules = { tempFiles, maxBytes: config.maxUploadBytes, checkFields: read }
    await using upload = await receiveUpload(request.raw, rules, work.signal)
    const form = read(upload.fields)
    checkForm(form)
    if (upload.bytes === 0) throw new AudioEmptyError('is empty')

    const { modelId, language, options, format } = form
    const transcription = await transcriber
      .transcribe({
        modelId,
        language,
        options,
        audioPath: upload.path,
        signal: work.signal,
        ...noteTimes(request.facts),
      })
      .catch((error: unknown) => {
        throw work.signal.aborted ? work.signal.reason : error // why it ended, rather than that it was aborted
      })

    request.facts.audioSeconds = transcription.durationSeconds
    if (format !== 'json') {
      reply.type(FORMATS[format].contentType)
      return FORMATS[format].write(transcription, form.subtitles)
    }
    return {
      status: 'success',
      model_used: modelId,
      processing_time_sec: elapsedSeconds(request.facts),
      transcription: transcription.text.trim(),
    }
  })
}

/** A signal that aborts when the client goes away before it is answered, and when the service cuts what still runs. */
function abandonable(reply: FastifyReply, cut: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  // Not AbortSignal.any: `cut` lives as long as the service and would collect what every request derives from it.
  const controller = new AbortController()
  const onCut = () => controller.abort(cut.reason)
  const onClose = () => controller.abort()
  if (cut.aborted) onCut()
  cut.addEventListener('abort', onCut)
  reply.raw.once('close', onClose)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      cut.removeEventListener('abort', onCut)
      reply.raw.off('close', onClose)
    },
  }
}
