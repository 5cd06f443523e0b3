/** Sends recordings to a service and gives back what an engine of this machine would. */

import { EventSourceParserStream } from 'eventsource-parser/stream'
import { wait } from '../../async/backoff.ts'
import { checkFile } from '../../audio/index.ts'
import type { TranscribeRequest } from '../../engine/index.ts'
import {
  AsrError,
  type ErrorCode,
  OptionInvalidError,
  ServerAnswerError,
  ServerLostError,
  ServerUnreachableError,
} from '../../errors/index.ts'
import { camelCase } from '../../option-table.ts'
import type { Transcription } from '../../transcript/index.ts'
import { OPTIONS, type OptionName, type RequestedOptions } from '../../whisper/options.ts'
import { connectionReason } from '../system-errors.ts'
import type { Worker } from '../transcription/run-files.ts'
import { failureSchema, readEvent, type ServerFailure, type ServerSegment, toTranscription } from './answer.ts'
import { recordingFile } from './recording-file.ts'

export interface RemoteOptions {
  /** Address of the service, such as `http://localhost:8000`. */
  readonly server: string
  readonly apiKey: string | undefined
  /** undefined: the service's own default. */
  readonly model: string | undefined
}

type Request = Omit<TranscribeRequest, 'modelId'>

/** A busy service is asked again, as it says when; a line that does not move for so many times is a failure. */
const MOST_ATTEMPTS = 30
const LONGEST_PAUSE_SECONDS = 60
const PAUSE_SECONDS = 5

/**
 * @throws {OptionInvalidError} for an address that is none.
 */
export function remoteWorker({ server, apiKey, model }: RemoteOptions): Worker {
  const url = addressOf(server)
  return {
    modelName: model ?? 'default',
    async transcribe(request) {
      for (let attempt = 1; ; attempt++) {
        const answer = await ask(request)
        if (!('busySeconds' in answer)) return answer
        if (attempt === MOST_ATTEMPTS) throw answer.failure
        await wait(1000 * answer.busySeconds, request.signal)
      }
    },
  }

  async function ask(request: Request): Promise<Transcription | Busy> {
    const { audioPath, signal, options = {} } = request
    signal.throwIfAborted()
    await checkFile(audioPath)
    const route = options.task === 'translate' ? 'translations' : 'transcriptions'
    const response = await post(`${url}/v1/audio/${route}`, request)
    if (response.ok) return await readStream(response, request)
    const failure = await failureOf(response)
    if (response.status !== 429) throw failure
    const wanted = Number(response.headers.get('retry-after') ?? PAUSE_SECONDS)
    return { failure, busySeconds: Math.min(LONGEST_PAUSE_SECONDS, wanted >= 0 ? wanted : PAUSE_SECONDS) }
  }

  async function post(address: string, { audioPath, language, options, signal }: Request): Promise<Response> {
    const form = formOf({ model, language, options })
    form.set('file', await recordingFile(audioPath))
    try {
      return await fetch(address, {
        method: 'POST',
        body: form,
        signal,
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
      })
    } catch (error) {
      signal.throwIfAborted()
      await checkFile(audioPath) // it may have gone
      throw connectionFailure(error)
    }
  }

  async function readStream({ body }: Response, { onProgress, signal }: Request): Promise<Transcription> {
    const segments: ServerSegment[] = []
    try {
      for await (const value of serverEvents(body ?? new ReadableStream())) {
        const event = readEvent(value)
        if (event === undefined) continue
        if ('error' in event) throw new ServiceFailure(event.error)
        if (event.type === 'transcript.progress') onProgress?.(event.done_seconds)
        else if (event.type === 'transcript.text.segment') segments.push(event)
        else return toTranscription(event, segments)
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof AsrError) throw error
      if (isForeign(error)) throw new ServerAnswerError(url, 'its events have another form', { cause: error })
      throw new ServerLostError(url, { cause: error })
    }
    throw new ServerLostError(url)
  }

  async function failureOf(response: Response): Promise<AsrError> {
    const text = await response.text().catch(() => '')
    try {
      return new ServiceFailure(failureSchema.parse(JSON.parse(text)).error)
    } catch (cause) {
      return new ServerAnswerError(url, `status ${response.status}`, { cause })
    }
  }

  function connectionFailure(error: unknown): AsrError {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
    return code !== undefined && LOST.includes(code)
      ? new ServerLostError(url, { cause: error })
      : new ServerUnreachableError(url, connectionReason(code), { cause: error })
  }
}

/**
 * The JSON value of each event, up to `[DONE]`.
 *
 * @throws {SyntaxError} for data that is no JSON; the failure of the body's reader.
 */
export async function* serverEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<unknown> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { data } of events) {
    if (data === DONE) return
    yield JSON.parse(data)
  }
}

const DONE = '[DONE]'

interface Busy {
  readonly failure: AsrError
  readonly busySeconds: number
}

/** Codes of OpenAI's that stand for ours. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  model_not_found: 'ASR_MODEL_UNKNOWN',
  invalid_api_key: 'ASR_API_KEY',
  rate_limit_exceeded: 'ASR_RATE_LIMITED',
}

/** A failure of the service, as it was there. */
class ServiceFailure extends AsrError {
  override readonly name = 'ServiceFailure'
  readonly code: ErrorCode
  /** It is a part of the message, since the service has joined them. */
  readonly remedy = ''

  constructor({ message, code }: ServerFailure) {
    super(message)
    this.code = CODES[code ?? ''] ?? `ASR_${(code ?? 'unknown').toUpperCase()}`
  }

  override get sentence(): string {
    return this.code === 'ASR_API_KEY' ? `${this.message} (--api-key, or PARADOX_API_KEY)` : this.message
  }
}

/** The connection was there, and ended. */
const LOST = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']

function isForeign(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError')
}

/** Without the slash at the end, and without the `/v1` that OpenAI's clients have in theirs. */
function addressOf(server: string): string {
  const url = URL.parse(server.includes('://') ? server : `http://${server}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OptionInvalidError('server', server, 'an address such as http://localhost:8000')
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new OptionInvalidError(
      'server',
      '…',
      'an address without a name, a query and a fragment; the key is --api-key',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}`
}

/** Options that have another field, or a route, in OpenAI's form. */
const OTHER_FIELDS = ['task', 'logprobs']

function formOf({
  model,
  language,
  options = {},
}: Pick<Request, 'language' | 'options'> & { readonly model: string | undefined }): FormData {
  if (options.logprobs) throw new OptionInvalidError('logprobs', 'true', 'false with --server')
  const form = new FormData()
  if (model !== undefined) form.set('model', model)
  if (language !== undefined) form.set('language', language)
  form.set('response_format', 'verbose_json')
  form.set('stream', 'true')
  form.append('include[]', 'progress')
  form.append('include[]', 'statistics')
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    const value = options[camelCase(name) as keyof RequestedOptions] // the same names, by the type of the record
    if (!OTHER_FIELDS.includes(name) && value !== undefined) form.set(name, fieldOf(value))
  }
  return form
}

/** A list ends with a comma: to OpenAI a temperature of 0 means that it may rise, a list of it alone that it may not. */
function fieldOf(value: unknown): string {
  return Array.isArray(value) ? `${value.join(',')},` : String(value)
}
