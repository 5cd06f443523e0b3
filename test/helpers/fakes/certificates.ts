/** A certificate authority that nobody trusts, and servers that show its certificates. */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

export interface Authority {
  /** Path of its certificate, for NODE_EXTRA_CA_CERTS. */
  readonly file: string
  /** A port of 127.0.0.1 that answers for these names by TLS and hands all on to another port in the clear. */
  front(names: readonly string[], port: number): Promise<Front>
}

export interface Front extends AsyncDisposable {
  readonly port: number
}

/** @param folder  for its files; it is not removed. */
export function createAuthority(folder: string): Authority {
  const path = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = ['-subj', '/CN=An authority of a test', '-days', '2']
  openssl('req', '-x509', ...newKey, ...authority, '-keyout', 'authority.key', '-out', 'authority.pem')
  return {
    file: path('authority.pem'),
    async front(names, port) {
      openssl('req', ...newKey, '-subj', `/CN=${names[0]}`, '-keyout', 'server.key', '-out', 'server.csr')
      writeFileSync(path('names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join()}`)
      const signing = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-extfile', 'names', '-days', '2']
      openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.pem')

      const sockets = new Set<Socket>()
      const keep = (socket: Socket) => {
        sockets.add(socket)
        socket.on('error', () => {}) // a client that does not trust us leaves
        socket.on('close', () => sockets.delete(socket))
      }
      const server = createServer({ key: readFileSync(path('server.key')), cert: readFileSync(path('server.pem')) })
      server.on('connection', keep)
      server.on('secureConnection', (socket) => {
        const target = connect(port, '127.0.0.1')
        keep(target)
        keep(socket)
        socket.pipe(target).pipe(socket)
        socket.on('close', () => target.destroy())
        target.on('close', () => socket.destroy())
      })
      server.on('tlsClientError', () => {})
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return {
        port: (server.address() as AddressInfo).port, // of a TCP server
        async [Symbol.asyncDispose]() {
          for (const socket of sockets) socket.destroy()
          await new Promise((resolve) => server.close(resolve))
        },
      }
    },
  }
}
