/** One HTTP request to the hub: the token goes to the hub alone, silence has an end, failures get their class. */

import type { HubSettings } from '../config.ts'
import {
  type AsrError,
  causesOf,
  HubCertificateError,
  HubNotFoundError,
  HubProxyError,
  HubRateLimitedError,
  HubUnauthorizedError,
  HubUnreachableError,
} from '../errors/index.ts'
import { proxiedFetch, proxyFailureIn } from './proxied-fetch.ts'
import { PassingFailure } from './retry.ts'

export interface HubAnswer {
  readonly response: Response
  /** The body. Use this and not `response.body`: it is what watches for silence and names the failures. */
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface HubRequest {
  readonly url: string
  readonly init: Omit<RequestInit, 'signal'>
  /** The longest time without a sign from the other side, before the headers and between two chunks. */
  readonly silenceMs: number
  /**
   * Whether a hub that cannot be reached at all is asked again. No for the first question, so that a machine without
   * network goes on to the next source at once; yes in the middle of a download.
   */
  readonly isPatient: boolean
  readonly signal: AbortSignal
}

/**
 * Sends the request and follows redirects. Its answer has a status of success.
 *
 * @throws {PassingFailure} where another attempt may help: a reset connection, 408, 429, 5xx.
 * @throws {HubUnauthorizedError} 401, 403. {HubNotFoundError} 404. {HubUnreachableError} any other.
 * @throws {HubProxyError | HubCertificateError} for what stands between the hub and us.
 */
export async function askHub(settings: HubSettings, repo: string, request: HubRequest): Promise<HubAnswer> {
  const { url, init, silenceMs, isPatient, signal } = request
  const silence = new SilenceTimer(silenceMs)
  const nameFailure = (error: unknown, isPassing: (error: unknown) => boolean): unknown => {
    if (signal.aborted) return signal.reason
    const untrusted = certificateFault(error)
    if (untrusted !== undefined) return new HubCertificateError(repo, untrusted, { cause: error })
    const proxy = proxyFailureIn(error)
    const final = proxy
      ? new HubProxyError(repo, proxy.variable, proxy.what, { cause: error })
      : new HubUnreachableError(repo, { cause: error })
    const mayPass = proxy?.status === undefined ? isPassing(error) : proxy.status >= 500
    return mayPass ? new PassingFailure(final) : final
  }

  let response: Response
  try {
    response = await silence.watch(() =>
      proxiedFetch(settings.proxies, url, {
        ...init,
        headers: headersFor(url, init.headers, settings),
        signal: AbortSignal.any([signal, silence.signal]),
      }),
    )
  } catch (error) {
    throw nameFailure(error, (e) => isPatient || isReset(e))
  }
  if (!response.ok) {
    const failure = statusFailure(response, repo, settings)
    await response.body?.cancel().catch(() => {}) // a connection that ends while we leave it is no news
    throw failure
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (!response.body) return
    const reader = response.body.getReader()
    try {
      for (;;) {
        const { done, value } = await silence.watch(() => reader.read())
        if (done) return
        yield value
      }
    } catch (error) {
      throw nameFailure(error, () => true)
    } finally {
      await reader.cancel().catch(() => {})
    }
  }
  return { response, chunks: chunks() }
}

/**
 * The token belongs to the hub: it is sent where the address has the endpoint's origin, and `fetch` takes it off again
 * when a redirect leads to another one, as those to a content network do.
 *
 * @see https://fetch.spec.whatwg.org/#http-redirect-fetch step 13
 */
function headersFor(url: string, given: RequestInit['headers'], { endpoint, token }: HubSettings): Headers {
  const headers = new Headers(given)
  headers.delete('authorization')
  if (token && isOfHub(url, endpoint)) headers.set('authorization', `Bearer ${token}`)
  headers.set('user-agent', 'paradox-asr')
  return headers
}

function isOfHub(url: string, endpoint: string): boolean {
  return new URL(url).origin === new URL(endpoint).origin
}

/** Counts only while we wait for the other side, never while our own disk keeps us busy. */
class SilenceTimer {
  readonly #ms: number
  readonly #controller = new AbortController()

  constructor(ms: number) {
    this.#ms = ms
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  async watch<T>(next: () => Promise<T>): Promise<T> {
    const reason = new Error(`No answer for ${this.#ms} ms.`)
    const timer = setTimeout(() => this.#controller.abort(reason), this.#ms)
    try {
      return await next()
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Node's code for a certificate that is not trusted, wherever it came from on the way; undefined for other failures. */
export function certificateFault(error: unknown): string | undefined {
  for (const { code } of causesOf(error) as Iterable<NodeJS.ErrnoException>) {
    if (code !== undefined && /^(?!ERR_SSL).*(CERT|LEAF_SIGNATURE|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)) return code
  }
  return undefined
}

function isReset(error: unknown): boolean {
  const isOfReset = ({ code }: NodeJS.ErrnoException) =>
    code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
  return Array.from(causesOf(error)).some(isOfReset)
}

function statusFailure(response: Response, repo: string, settings: HubSettings): AsrError | PassingFailure {
  // The path alone: addresses of a content network carry a signature, which is as good as a token.
  const cause = new Error(`HTTP ${response.status} for ${new URL(response.url).pathname}`)
  switch (response.status) {
    case 401: {
      const wasSent = settings.token !== undefined && isOfHub(response.url, settings.endpoint)
      return new HubUnauthorizedError(repo, wasSent ? (settings.tokenSource ?? 'HF_TOKEN') : undefined, { cause })
    }
    case 403:
      return new HubUnauthorizedError(repo, undefined, { cause })
    case 400: // for a name or revision that cannot exist
    case 404:
    case 410:
      return new HubNotFoundError(repo, { cause })
    case 429:
      return new PassingFailure(new HubRateLimitedError(repo, { cause }), { afterMs: pauseAskedFor(response.headers) })
    default: {
      const final = new HubUnreachableError(repo, { cause })
      return response.status === 408 || response.status >= 500
        ? new PassingFailure(final, { afterMs: pauseAskedFor(response.headers) })
        : final
    }
  }
}

/** `Retry-After` in seconds or as a date; else the seconds until the limit is lifted, as in `RateLimit: "api";r=0;t=55`. */
function pauseAskedFor(headers: Headers): number | undefined {
  const retryAfter = headers.get('retry-after')
  if (retryAfter !== null && /^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000
  const date = retryAfter === null ? Number.NaN : Date.parse(retryAfter)
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now())
  const seconds = /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
