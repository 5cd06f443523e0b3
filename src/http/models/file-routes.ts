/** `/v1/models`: OpenAI's list of models, and beyond it their files: download and removal. */

import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AsrError, isAbort, ModelAbsentError, ModelBusyError, OptionInvalidError } from '../../errors/index.ts'
import type { ModelEntry } from '../../models/registry.ts'
import { EventStream, requestSignal } from '../connections/index.ts'
import { callerOf } from '../security/caller.ts'
import { openAiForm } from '../surfaces/openai/errors.ts'
import { modelObject } from './model-object.ts'
import { ADMIN, type ModelRequest, type ModelRoutesOptions, modelOf } from './model-routes-options.ts'
import { ModelWorkLimit } from './model-work-limit.ts'
import { deleteModelSchema, downloadSchema, listSchema, oneModelSchema } from './schemas.ts'

/** A person may start a few in the page; they share the line to the hub. */
const DOWNLOADS = { perCaller: 4, inAll: 16 }

/** The cache of the hub is shared: what other programs have brought is not for callers to delete. */
const ONLY_OWN = { onlyOwn: true }

export async function fileRoutes(app: FastifyInstance, options: ModelRoutesOptions): Promise<void> {
  const { library, transcriber, cut } = options
  const downloads = new ModelWorkLimit('downloads', DOWNLOADS)

  app.get('/v1/models', { schema: listSchema }, async () => {
    const entries = await library.list()
    return { object: 'list', data: await Promise.all(entries.map((entry) => modelObject(entry, options))) }
  })

  app.get('/v1/models/*', { schema: oneModelSchema }, async (request: ModelRequest) => {
    const { id, entry } = modelOf(options, request)
    return await modelObject(entry, { ...options, id })
  })

  app.post('/v1/models/*', { schema: downloadSchema, config: ADMIN }, async (request: ModelRequest, reply) => {
    const { id, entry } = modelOf(options, request)
    using _ = downloads.enter(callerOf(request))
    const signal = requestSignal(reply, cut)
    if (/\btext\/event-stream\b/.test(request.headers.accept ?? '')) {
      await streamDownload(request, reply, signal)
      return reply
    }
    await library.download(entry, { signal })
    transcriber.forgetLoadFailures(entry.origin)
    return await modelObject(entry, { ...options, id })
  })

  app.delete('/v1/models/*', { schema: deleteModelSchema, config: ADMIN }, async (request: ModelRequest) => {
    const { id, entry } = modelOf(options, request)
    const { origin } = entry
    if (origin.kind === 'folder') {
      throw new OptionInvalidError(
        'model',
        id,
        'a model that was downloaded: the files of this one are yours to delete',
      )
    }
    if (library.isDownloading(entry, beingPrepared())) throw new ModelBusyError(id)
    await library.checkRemovable({ ...entry, id, origin }, ONLY_OWN)
    await unloadAll(entry)
    transcriber.forgetLoadFailures(origin)
    if (!(await library.remove({ ...entry, origin }, ONLY_OWN))) throw new ModelAbsentError(id, 'disk')
    return { id, object: 'model', deleted: true }
  })

  async function streamDownload(request: ModelRequest, reply: FastifyReply, signal: AbortSignal): Promise<void> {
    const { id, entry } = modelOf(options, request)
    using events = new EventStream(reply)
    events.begin()
    try {
      await library.download(entry, {
        signal,
        onProgress: ({ file, doneBytes, totalBytes }) => {
          const progress = { file, done_bytes: doneBytes, total_bytes: totalBytes }
          events.tell({ type: 'model.download.progress', ...progress })
        },
      })
      transcriber.forgetLoadFailures(entry.origin)
      events.send({ type: 'model.download.done', model: await modelObject(entry, { ...options, id }) })
    } catch (error) {
      if (isAbort(error)) return // the client is gone
      const { status, body } = openAiForm(error, request)
      if (error instanceof AsrError) request.facts.code = error.code
      if (status >= 500) request.log.warn({ err: error }, 'request failed')
      events.send(body)
    } finally {
      events.end()
    }
  }

  /** Ids of models that a request waits for. A load whose caller has left is given up instead. */
  function beingPrepared(): string[] {
    const engines = transcriber.engines().filter(({ state, nRequests }) => state === 'preparing' && nRequests > 0)
    return engines.map(({ modelId }) => modelId)
  }

  /** Under whatever ids the same files are loaded. */
  async function unloadAll({ origin }: ModelEntry): Promise<void> {
    const engines = transcriber.engines().filter(({ modelId }) => {
      return isDeepStrictEqual(library.registry.find(modelId)?.origin, origin)
    })
    const busy = engines.find(({ nRequests }) => nRequests > 0)
    if (busy) throw new ModelBusyError(busy.modelId)
    for (const { modelId } of engines) await transcriber.unload(modelId)
  }
}
