/**
 * `fetch` by way of the proxies of the settings. Node's own only knows those of the environment for a whole process, asks
 * for a tunnel where the address is plain http, which many proxies refuse, and sends https to the proxy of http.
 */

import type { Dispatcher } from 'undici'
import type { ProxySettings } from '../config.ts'
import { causesOf } from '../errors/index.ts'

/** Before the hub's own silence ends the attempt, so that the proxy is what is named. */
const CONNECT_TIMEOUT_MS = 5_000

/** Requests of a machine to itself pass no proxy. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The proxy did not answer, or did not let the request pass. */
export class ProxyFailure extends Error {
  /** The setting with its address. */
  readonly variable: ProxyVariable
  /** Status of its refusal; undefined where it cannot be reached. */
  readonly status: number | undefined
  /** The proxy's fault, as the rest of a sentence. */
  readonly what: string

  constructor(variable: ProxyVariable, status: number | undefined, options?: ErrorOptions) {
    const what =
      status === undefined
        ? 'cannot be reached'
        : `${status >= 500 ? 'does not reach the hub' : 'refuses to pass requests on to the hub'} (status ${status})`
    super(`The proxy of ${variable} ${what}.`, options)
    this.variable = variable
    this.status = status
    this.what = what
  }
}

export type ProxyVariable = 'HTTPS_PROXY' | 'HTTP_PROXY'

/** As `fetch`; for its failures see {@link proxyFailureIn}. */
export async function proxiedFetch(
  proxies: ProxySettings | undefined,
  url: string,
  init: RequestInit,
): Promise<Response> {
  if (proxies === undefined) return await fetch(url, init)
  const undici = await import('undici')
  const dispatcher = dispatchers.get(JSON.stringify(proxies)) ?? makeDispatcher(proxies, undici)
  // The package's own, like the dispatcher; the types differ from Node's in names alone.
  const ownInit = { ...init, dispatcher } as Parameters<typeof undici.fetch>[1]
  return (await undici.fetch(url, ownInit)) as unknown as Response
}

/** The proxy's part in the failure of a request. */
export function proxyFailureIn(error: unknown): ProxyFailure | undefined {
  for (const cause of causesOf(error)) {
    if (cause instanceof ProxyFailure) return cause
    // Where there is no tunnel: the answer stands in the place of the hub's.
    if (cause.message === 'Proxy Authentication Required (407)') return new ProxyFailure('HTTP_PROXY', 407)
  }
  return undefined
}

/** One for each settings, since it holds the connections. */
const dispatchers = new Map<string, Dispatcher>()

function makeDispatcher(
  proxies: ProxySettings,
  { Agent, EnvHttpProxyAgent, Pool }: typeof import('undici'),
): Dispatcher {
  const byProtocol: Readonly<Record<string, Dispatcher | undefined>> = {
    'https:': proxies.https === undefined ? undefined : through('HTTPS_PROXY', proxies.https),
    'http:': proxies.http === undefined ? undefined : through('HTTP_PROXY', proxies.http),
  }
  const dispatcher = new Agent().compose((direct) => (options, handler) => {
    const proxied = byProtocol[new URL(options.origin ?? '').protocol]
    return proxied ? proxied.dispatch(options, handler) : direct(options, handler)
  })
  dispatchers.set(JSON.stringify(proxies), dispatcher)
  return dispatcher

  function through(variable: ProxyVariable, address: string): Dispatcher {
    const uri = new URL(address)
    const [name, password] = [uri.username, uri.password].map(decodeURIComponent)
    const credentials = Buffer.from(`${name}:${password}`).toString('base64')
    uri.username = uri.password = ''
    const unreachable = (cause: Error) => new ProxyFailure(variable, undefined, { cause })
    const poolOfProxy = (origin: string | URL, options: object) => new Pool(origin, withConnector(options, unreachable))
    const pool = (origin: string | URL, options: object) =>
      String(origin) === uri.href // plain http, which is no tunnel
        ? poolOfProxy(origin, options)
        : new Pool(
            origin,
            withConnector(options, (error) => refusedTunnel(error, variable)),
          )
    return new EnvHttpProxyAgent({
      httpProxy: uri.href,
      httpsProxy: uri.href,
      noProxy: [...proxies.bypassed, ...LOOPBACK].join(','),
      proxyTunnel: false, // of plain http, which goes through as it is
      proxyTls: { timeout: CONNECT_TIMEOUT_MS },
      factory: pool,
      clientFactory: poolOfProxy,
      ...(name !== '' && { token: `Basic ${credentials}` }),
    })
  }
}

/** The same options of a pool, whose connector's errors are told by `tell`. */
function withConnector(options: { readonly connect?: unknown }, tell: (error: Error) => Error): object {
  const { connect } = options
  if (typeof connect !== 'function') return options // of addresses that pass no proxy
  return {
    ...options,
    connect: (target: object, callback: (error: Error | null, socket: unknown) => void) =>
      connect(target, (error: Error | null, socket: unknown) => callback(error && tell(error), socket)),
  }
}

/** A proxy that grants no tunnel says why in its status; all else that happens in one is between the hub and us. */
function refusedTunnel(error: Error, variable: ProxyVariable): Error {
  const status = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]
  return status === undefined ? error : new ProxyFailure(variable, Number(status), { cause: error })
}
