/**
 * What every route that takes a recording does: a stand in the line, the upload, a place, the work, and nothing left on
 * the disk, however it ends. The routes bring their forms and write their answers.
 */

import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Admission, type Entrance, SharedWork } from '../../admission/index.ts'
import type { Config } from '../../config.ts'
import type { TranscribeRequest, Transcriber } from '../../engine/transcriber.ts'
import { AudioEmptyError, isAbort, ModelUnknownError } from '../../errors/index.ts'
import type { RequestedOptions } from '../../transcribe/options.ts'
import type { LanguageDetection, Transcription } from '../../transcript/index.ts'
import { type Attendance, attend, noteTimes } from '../connections/index.ts'
import type { WorkObservers } from '../observability/index.ts'
import type { FormFields } from './form-fields.ts'
import { ProgressFeed, type ProgressListener } from './progress-feed.ts'
import { mayJoin, retryIdentity, willRetry } from './retries.ts'
import type { TempFiles } from './temp-files.ts'
import { receiveUpload, type Upload } from './upload.ts'

/** A larger recording counts as long: two minutes of an ordinary compressed file, one of uncompressed speech. */
const LONG_BYTES = 2 * 1024 * 1024

export interface IntakeOptions {
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

export interface IntakeRules<F extends WorkForm> {
  /** Names of the part that is the recording; the first is what callers are told. */
  readonly fileParts: readonly [string, ...string[]]
  /** The recording is samples and nothing else, as `UploadRules` has it. */
  readonly isRawPcm?: boolean
  /** Reads the fields so far: where the file begins, and again when all are there. What it throws is the answer. */
  readonly read: (fields: FormFields) => F
  /** Checks a complete form's fields together. */
  readonly check?: (form: F) => void
}

/** A recording that has arrived. Disposing of it gives up the request's stand in the line. */
export interface Recording<F extends WorkForm> extends AsyncDisposable {
  readonly form: F
  /** As the client has it; any text. */
  readonly fileName: string
  readonly signal: AbortSignal
  transcribe(listener?: ProgressListener): Promise<Transcription>
  detectLanguage(): Promise<LanguageDetection>
}

type Work = { readonly result: Transcription | LanguageDetection }

export class RecordingIntake {
  readonly admission: Admission
  readonly #options: IntakeOptions
  readonly #shared: SharedWork<Work>
  /** What running work has said so far, by the key that retries join it by. */
  readonly #feeds = new Map<string, ProgressFeed>()

  constructor(options: IntakeOptions) {
    const { admission } = options.config
    this.#options = options
    this.admission = new Admission(admission)
    this.#shared = new SharedWork(admission.retryGraceMs)
  }

  /**
   * @throws {QueueFullError} before the body is read.
   * @throws as `receiveUpload`, `rules.read`, `rules.check`; {ModelUnknownError}, {AudioEmptyError}.
   */
  async receive<F extends WorkForm>(
    request: FastifyRequest,
    reply: FastifyReply,
    rules: IntakeRules<F>,
  ): Promise<Recording<F>> {
    const { config, tempFiles, cut, transcriber } = this.#options
    const entrance = this.admission.enter()
    const attendance = attend(reply, cut, config.admission.requestTimeoutMs)
    const read = (fields: FormFields): F => {
      const form = rules.read(fields)
      request.facts.modelId = form.modelId
      if (!transcriber.find(form.modelId)) {
        throw new ModelUnknownError(form.modelId, ['the ids that `GET /v1/models` lists'])
      }
      return form
    }
    const identity = retryIdentity(request)
    const uploadRules = {
      tempFiles,
      maxBytes: config.maxUploadBytes,
      fileParts: rules.fileParts,
      isRawPcm: rules.isRawPcm ?? false,
      checkFields: read,
      withDigest: identity !== undefined,
    }
    let upload: Upload | undefined
    try {
      upload = await receiveUpload(request.raw, uploadRules, attendance.signal)
      const form = read(upload.fields)
      rules.check?.(form)
      if (upload.bytes === 0) throw new AudioEmptyError('is empty')
      return this.#recording({ request, form, upload, identity, entrance, attendance })
    } catch (error) {
      entrance[Symbol.dispose]()
      attendance[Symbol.dispose]()
      await upload?.[Symbol.asyncDispose]()
      throw error
    }
  }

  #recording<F extends WorkForm>(parts: Parts<F>): Recording<F> {
    const { form, upload, entrance, attendance, request } = parts
    /** Until work has taken the upload, it is ours to delete. */
    let isTaken = false
    const run = async (kind: 'transcribe' | 'detect-language', listener: ProgressListener = {}) => {
      const key = keyOf(parts, kind)
      const follower = {
        signal: attendance.signal,
        willReturn: () => isAbort(attendance.signal.reason) && willRetry(request, request.facts.arrivedAtMs),
      }
      if (key !== undefined && mayJoin(request) && this.#shared.has(key)) {
        request.log.info('a retry joins the work that is running')
        this.#feeds.get(key)?.follow(listener)
        return await this.#shared.join(key, follower)
      }
      attendance.signal.throwIfAborted() // from here to the following of the work nothing else can happen
      isTaken = true
      const feed = new ProgressFeed(key !== undefined)
      feed.follow(listener)
      if (key !== undefined) this.#feeds.set(key, feed)
      const work = async (signal: AbortSignal) => {
        try {
          return { result: await this.#work(kind, parts, feed, signal) }
        } finally {
          if (key !== undefined && this.#feeds.get(key) === feed) this.#feeds.delete(key)
        }
      }
      // Who has gone away, even if not for good, keeps nobody else waiting.
      return await this.#shared.begin(key, follower, work, () => parts.entrance[Symbol.dispose]())
    }
    return {
      form,
      fileName: upload.fileName,
      signal: attendance.signal,
      transcribe: async (listener) => {
        const { result } = await run('transcribe', listener)
        request.facts.audioSeconds = result.durationSeconds
        return result as Transcription // by the kind
      },
      detectLanguage: async () => (await run('detect-language')).result as LanguageDetection, // by the kind
      [Symbol.asyncDispose]: async () => {
        attendance[Symbol.dispose]()
        if (isTaken) return
        entrance[Symbol.dispose]()
        await upload[Symbol.asyncDispose]()
      },
    }
  }

  /** Waits for a place and works. The upload and the place live as long as the work, not as the request that began it. */
  async #work<F extends WorkForm>(
    kind: 'transcribe' | 'detect-language',
    { request, form, upload, entrance }: Parts<F>,
    feed: ProgressFeed,
    signal: AbortSignal,
  ): Promise<Transcription | LanguageDetection> {
    await using _upload = upload
    using _entrance = entrance
    const { transcriber, observers } = this.#options
    const modelId = transcriber.find(form.modelId)?.id
    const times = noteTimes(request.facts)
    return await observers.watch({ kind, modelId }, async ({ onStarted, onTiming }) => {
      await entrance.takePlace(upload.bytes > LONG_BYTES, signal)
      const work: TranscribeRequest = {
        modelId: form.modelId,
        language: form.language,
        options: form.options,
        audioPath: upload.path,
        signal,
        whileNotReady: (wait) => entrance.withoutPlace(wait, signal),
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
        if (kind === 'detect-language') return await transcriber.detectLanguage(work)
        return await transcriber.transcribe({ ...work, ...feed.listener() })
      } catch (error) {
        throw signal.aborted ? signal.reason : error // why it ended, rather than that it was aborted
      }
    })
  }
}

interface Parts<F extends WorkForm> {
  readonly request: FastifyRequest
  readonly form: F
  readonly upload: Upload
  readonly identity: string | undefined
  readonly entrance: Entrance
  readonly attendance: Attendance
}

/** Of requests that ask the same of the same recording for the same caller; undefined where none can join another. */
function keyOf<F extends WorkForm>({ identity, upload, form }: Parts<F>, kind: string): string | undefined {
  if (identity === undefined) return undefined
  const { modelId, language, options } = form
  const asked = JSON.stringify([identity, kind, modelId, language ?? null, Object.entries(options).sort()])
  return createHash('sha256').update(asked).update(upload.digest).digest('hex')
}
