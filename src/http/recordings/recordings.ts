/**
 * What every route that takes a recording does: its part in the queue, the upload, the work, and nothing left on the
 * disk, however it ends. The routes bring their forms and write their answers.
 */

import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { abortable } from '../../async/abortable.ts'
import type { Config } from '../../config.ts'
import type { QueueState, Reservation } from '../../engine/index.ts'
import type { TranscribeRequest, Transcriber } from '../../engine/transcriber.ts'
import { AudioEmptyError, ModelUnknownError } from '../../errors/index.ts'
import type { LanguageDetection, Transcription, WorkKind, WorkResults } from '../../transcript/index.ts'
import type { RequestedOptions } from '../../whisper/options.ts'
import { noteTimes, requestSignal } from '../connections/index.ts'
import type { WorkObservers } from '../observability/index.ts'
import { callerOf } from '../security/caller.ts'
import type { FormFields } from './form-fields.ts'
import type { ProgressListener } from './progress-replay.ts'
import { Retries, retryIdentity } from './retries.ts'
import type { TempFiles } from './temp-files.ts'
import { receiveUpload, type Upload } from './upload.ts'
import { tellWarnings } from './warnings-header.ts'

/** A larger file is taken for a long recording until its length is known: it holds two minutes of 128 kbit/s. */
const LONG_BYTES = 2 * 1024 * 1024

/** Of a model's id in answers and in the log; a hub's have fewer characters. */
const LONGEST_SHOWN_ID = 200

export interface RecordingsOptions {
  readonly transcriber: Transcriber
  readonly config: Config
  readonly tempFiles: TempFiles
  readonly observers: WorkObservers
  /** Its abort ends the requests under way; they are answered with its reason. */
  readonly cut: AbortSignal
}

/** What a form says of the work, whatever the route. */
export interface WorkForm {
  readonly modelId: string
  readonly language: string | undefined
  readonly options: RequestedOptions
}

export interface FormRules<F extends WorkForm> {
  /** Names of the part that is the recording; the first is what callers are told. */
  readonly fileParts: readonly [string, ...string[]]
  /** The field that names the model; left out where none does, since the service's own is meant. */
  readonly modelField?: string
  /** The recording is samples and nothing else, as `UploadRules` has it. */
  readonly isRawPcm?: boolean
  /** Names of the fields that `read` looks at; others are thrown away. */
  readonly fieldNames: readonly string[]
  /** Reads the fields so far: where the first file begins, and again when all are there. What it throws is the answer. */
  readonly read: (fields: FormFields) => F
  /** Checks a complete form's fields together. */
  readonly check?: (form: F) => void
}

/** A recording that has arrived. Disposing of it gives up what no work has taken. */
export interface Recording<F extends WorkForm> extends AsyncDisposable {
  readonly form: F
  /** As the client has it; any text. */
  readonly fileName: string
  transcribe(listener?: ProgressListener): Promise<Transcription>
  detectLanguage(): Promise<LanguageDetection>
}

export class Recordings {
  readonly #options: RecordingsOptions
  readonly #retries: Retries<WorkResults[WorkKind]>

  constructor(options: RecordingsOptions) {
    this.#options = options
    this.#retries = new Retries(options.config.admission.retryGraceMs)
  }

  get queueState(): QueueState {
    return this.#options.transcriber.queue.state
  }

  /**
   * @throws {QueueFullError} before the body is read.
   * @throws as `receiveUpload`, `rules.read`, `rules.check`, `transcriber.check`; {ModelUnknownError}, {AudioEmptyError}.
   */
  async receive<F extends WorkForm>(
    request: FastifyRequest,
    reply: FastifyReply,
    rules: FormRules<F>,
  ): Promise<Recording<F>> {
    const { config, tempFiles, cut, transcriber } = this.#options
    await using held = new AsyncDisposableStack()
    const reservation = held.use(transcriber.queue.reserve(callerOf(request)))
    const signal = requestSignal(reply, cut, config.admission.requestTimeoutMs)
    const read = (fields: FormFields): F => {
      const form = rules.read(fields)
      request.facts.modelId = form.modelId.slice(0, LONGEST_SHOWN_ID)
      if (!transcriber.find(form.modelId)) {
        throw new ModelUnknownError(request.facts.modelId, ['the ids that `GET /v1/models` lists'])
      }
      // The field may still come, and name another model than the default.
      if (rules.modelField === undefined || fields.last()[rules.modelField]) transcriber.check(form)
      return form
    }
    const identity = retryIdentity(request)
    const uploadRules = {
      tempFiles,
      maxBytes: config.maxUploadBytes,
      fileParts: rules.fileParts,
      fieldNames: rules.fieldNames,
      isRawPcm: rules.isRawPcm ?? false,
      checkFields: read,
      withDigest: identity !== undefined,
    }
    const upload = held.use(await receiveUpload(request.raw, uploadRules, signal))
    const form = read(upload.fields)
    rules.check?.(form)
    if (upload.bytes === 0) throw new AudioEmptyError('is empty')
    return this.#recording({ request, reply, signal, form, upload, identity, reservation, held: held.move() })
  }

  #recording<F extends WorkForm>(arrived: Arrived<F>): Recording<F> {
    const { form, upload, held, request, reply } = arrived
    return {
      form,
      fileName: upload.fileName,
      transcribe: async (listener) => {
        const transcription = await this.#run('transcribe', arrived, listener)
        request.facts.audioSeconds = transcription.durationSeconds
        tellWarnings(reply, transcription.warnings)
        return transcription
      },
      detectLanguage: async () => await this.#run('detect-language', arrived),
      [Symbol.asyncDispose]: async () => await held[Symbol.asyncDispose](),
    }
  }

  async #run<K extends WorkKind>(
    kind: K,
    arrived: Arrived<WorkForm>,
    listener: ProgressListener = {},
  ): Promise<WorkResults[K]> {
    const { request, signal, reservation } = arrived
    const key = retryKey(kind, arrived)
    // A request is let go at once, whatever its work is at.
    if (key === undefined) return await abortable(this.#work(kind, arrived, signal, listener), signal)
    const result = await this.#retries.run(key, {
      request,
      signal,
      listener,
      work: async (signal, listener) => await this.#work(kind, arrived, signal, listener),
      onUnattended: () => reservation[Symbol.dispose](), // a client that has gone away keeps no other waiting
    })
    return result as WorkResults[K] // the key tells the kinds apart
  }

  /** What the request holds lives as long as its work, which may go on when the request has gone. */
  async #work<K extends WorkKind>(
    kind: K,
    { request, form, upload, reservation, held }: Arrived<WorkForm>,
    signal: AbortSignal,
    listener: ProgressListener,
  ): Promise<WorkResults[K]> {
    signal.throwIfAborted()
    await using _ = held.move()
    const { transcriber, observers } = this.#options
    const modelId = transcriber.find(form.modelId)?.id
    const times = noteTimes(request.facts)
    return await observers.watch({ kind, modelId }, async ({ onStarted, onTiming }) => {
      const work: TranscribeRequest = {
        modelId: form.modelId,
        language: form.language,
        options: form.options,
        audioPath: upload.path,
        reservation,
        isLong: upload.bytes > LONG_BYTES,
        signal,
        onStarted() {
          onStarted()
          times.onStarted()
        },
        onTiming(timing) {
          onTiming(timing)
          times.onTiming(timing)
        },
      }
      try {
        return await WORK[kind](transcriber, work, listener)
      } catch (error) {
        throw signal.aborted ? signal.reason : error // why it ended, rather than that it was aborted
      }
    })
  }
}

const WORK: {
  readonly [K in WorkKind]: (
    transcriber: Transcriber,
    request: TranscribeRequest,
    listener: ProgressListener,
  ) => Promise<WorkResults[K]>
} = {
  transcribe: (transcriber, request, listener) => transcriber.transcribe({ ...request, ...listener }),
  'detect-language': (transcriber, request) => transcriber.detectLanguage(request),
}

interface Arrived<F extends WorkForm> {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly signal: AbortSignal
  readonly form: F
  readonly upload: Upload
  readonly identity: string | undefined
  readonly reservation: Reservation
  /** The upload and the reservation. */
  readonly held: AsyncDisposableStack
}

/** Of requests that ask the same of the same recording for the same caller; undefined where none can join another. */
function retryKey(kind: WorkKind, { identity, upload, form }: Arrived<WorkForm>): string | undefined {
  if (identity === undefined) return undefined
  const { modelId, language, options } = form
  const asked = JSON.stringify([identity, kind, modelId, language ?? null, Object.entries(options).sort()])
  return createHash('sha256').update(asked).update(upload.digest).digest('hex')
}
