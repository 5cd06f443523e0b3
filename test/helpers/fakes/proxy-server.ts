/** A proxy on this machine, as companies have them: tunnels by CONNECT, plain http by whole addresses, all of it noted. */

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ProxyServerOptions {
  /** `host:port` as clients ask for it → the port of 127.0.0.1 that stands for it. All else is 502. */
  readonly routes: Readonly<Record<string, number>>
  /** `user:password`; without it, or with another, a client gets 407. */
  readonly credentials?: string
}

export interface ProxyServer extends AsyncDisposable {
  /** Without credentials. */
  readonly address: string
  /** Method and target of all that was asked, in order: `CONNECT hub.test:443`, `GET http://hub.test/x`. */
  readonly asked: string[]
  /** The headers of each. */
  readonly headers: IncomingHttpHeaders[]
  /** Set by the test: the status that everything is refused with. */
  refusal: number | undefined
}

export async function startProxyServer({ routes, credentials }: ProxyServerOptions): Promise<ProxyServer> {
  const sockets = new Set<Socket>()
  const server = createServer(forward)
  server.on('connection', keep)
  server.on('connect', tunnel)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const proxy: ProxyServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // of a TCP server
    asked: [],
    headers: [],
    refusal: undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => {}) // the other side may leave at any time
    socket.on('close', () => sockets.delete(socket))
  }

  /** The status of a refusal; undefined where the request may pass. */
  function judge({ method, url, headers }: IncomingMessage): number | undefined {
    proxy.asked.push(`${method} ${url}`)
    proxy.headers.push(headers)
    if (proxy.refusal !== undefined) return proxy.refusal
    if (credentials === undefined) return undefined
    const expected = `Basic ${Buffer.from(credentials).toString('base64')}`
    return headers['proxy-authorization'] === expected ? undefined : 407
  }

  function tunnel(message: IncomingMessage, socket: Socket, head: Buffer): void {
    const port = routes[message.url ?? '']
    const status = judge(message) ?? (port === undefined ? 502 : undefined)
    if (status !== undefined || port === undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const target = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      target.pipe(socket)
      socket.pipe(target)
    })
    keep(target)
    socket.on('close', () => target.destroy())
  }

  function forward(message: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(message.url ?? '')
    const port = url === null ? undefined : routes[`${url.hostname}:${url.port || 80}`]
    const status = judge(message) ?? (port === undefined ? 502 : undefined)
    if (status !== undefined || url === null) {
      response.writeHead(status ?? 400).end()
      return
    }
    const { 'proxy-authorization': _, ...headers } = message.headers
    const { pathname, search } = url
    const passedOn = request({ host: '127.0.0.1', port, method: message.method, path: pathname + search, headers })
    passedOn.on('error', () => response.destroy())
    passedOn.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
      answer.on('close', () => answer.complete || response.destroy())
    })
    message.pipe(passedOn)
  }
}
