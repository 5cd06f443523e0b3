/**
 * A hub on this machine: folders served as repositories, under the paths and headers of huggingface.co that
 * `@huggingface/hub` and Python's huggingface_hub use. Large files are redirected to a second server on another port,
 * as the hub redirects to its content network. What goes wrong is up to the test: see {@link HubServer.intercept}.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** A file that stays on the disk, for those too large for memory. */
export interface FileOnDisk {
  readonly path: string
  /** Hexadecimal. */
  readonly sha256: string
}

/** File name → contents; of those in a folder, `onnx/a.onnx`, the list of the top folder shows the folder alone. */
export type RepositoryFiles = Readonly<Record<string, Uint8Array | string | FileOnDisk>>

export interface HubServerOptions {
  /** `owner/name` → a folder, or the files themselves. */
  readonly repositories: Readonly<Record<string, string | RepositoryFiles>>
  /** Path below which the hub lies, as behind a company's proxy: '/hub'. */
  readonly prefix?: string
  /** When set, every repository answers 401 to those who do not send it. */
  readonly token?: string
  /** Origin of the content network, as redirects name it; its own address where it is left out. */
  readonly networkOrigin?: string
  /** Files of at least this size are kept as LFS, whose etag is their SHA-256. Default 1000 bytes. */
  readonly lfsBytes?: number
}

export interface HubServerRequest {
  readonly host: 'hub' | 'content network'
  readonly method: string
  /** Decoded and without the prefix; '/blobs/<sha256>' on the content network. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What happens instead of the right answer. */
export type HubFault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /**
   * The connection is torn after so many bytes of the body, at `when` if given. A client may lose what it had not yet
   * read, so a test that counts bytes gives a promise that settles once they have been read.
   */
  | { readonly cutAfterBytes: number; readonly when?: Promise<unknown> }
  /** Every byte of the body is altered. */
  | { readonly corrupt: true }
  /** So many bytes of the body and then silence, until the client goes away. */
  | { readonly stallAfterBytes: number }

export interface HubServer extends AsyncDisposable {
  /** For HF_ENDPOINT. */
  readonly endpoint: string
  /** Where the content network listens. */
  readonly networkPort: number
  /** All that was asked, in order. */
  readonly requests: HubServerRequest[]
  /** Set by the test; undefined gives the right answer. A promise delays it. */
  intercept: (request: HubServerRequest) => HubFault | undefined | Promise<HubFault | undefined>
  commitOf(repo: string): string
  etagOf(repo: string, file: string): string
}

interface ServedFile {
  readonly name: string
  readonly content: Buffer | FileOnDisk
  readonly size: number
  readonly gitOid: string
  /** undefined for a small file, which lies in git itself. */
  readonly sha256: string | undefined
}

interface ServedRepository {
  readonly id: string
  readonly commit: string
  readonly files: ReadonlyMap<string, ServedFile>
}

/** Starts on two free ports of 127.0.0.1. */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { prefix = '', token, lfsBytes = 1000 } = options
  const repositories = new Map(
    Object.entries(options.repositories).map(([id, files]) => [id, repositoryOf(id, files, lfsBytes)]),
  )
  const requests: HubServerRequest[] = []
  const hub = createServer((request, response) => void answerHub(request, response))
  const network = createServer((request, response) => void answerNetwork(request, response))
  const [hubOrigin, ownNetworkOrigin] = await Promise.all([listen(hub), listen(network)])
  const { networkOrigin = ownNetworkOrigin } = options

  const server: HubServer = {
    endpoint: hubOrigin + prefix,
    networkPort: Number(new URL(ownNetworkOrigin).port),
    requests,
    intercept: () => undefined,
    commitOf: (repo) => repositories.get(repo)!.commit,
    etagOf: (repo, file) => etagOf(repositories.get(repo)!.files.get(file)!),
    async [Symbol.asyncDispose]() {
      for (const each of [hub, network]) each.closeAllConnections()
      await Promise.all([hub, network].map((each) => new Promise((resolve) => each.close(resolve))))
    },
  }
  return server

  async function answerHub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', hubOrigin)
    if (!url.pathname.startsWith(`${prefix}/`)) return refuse(response, 404, 'EntryNotFound')
    const path = decodeURIComponent(url.pathname.slice(prefix.length))
    const fault = await record('hub', path, request)
    if (fault && 'status' in fault) return fail(response, fault)

    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree|paths-info)\/(.+)$/.exec(path)
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path)
    const repository = repositories.get(api?.[1] ?? file?.[1] ?? '')
    const isAllowed = token === undefined || request.headers.authorization === `Bearer ${token}`
    if (!isAllowed) return refuse(response, 401, 'GatedRepo')
    if (!repository) return refuse(response, token === undefined ? 404 : 401, 'RepoNotFound')
    const revision = api?.[3] ?? file?.[2]
    if (revision !== 'main' && revision !== repository.commit) return refuse(response, 404, 'RevisionNotFound')

    if (file) {
      answerFile(repository, file[3]!, request, response, fault)
      return
    }
    switch (api?.[2]) {
      case 'revision':
        return sendJson(response, modelJson(repository))
      case 'tree':
        return sendJson(response, topFolder(repository))
      default: {
        const { paths } = JSON.parse(await textOf(request)) as { paths: string[] }
        return sendJson(response, [...repository.files.values()].filter((f) => paths.includes(f.name)).map(treeJson))
      }
    }
  }

  function answerFile(
    { commit, files }: ServedRepository,
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: HubFault | undefined,
  ): void {
    response.setHeader('x-repo-commit', commit)
    const file = files.get(name)
    if (!file) {
      refuse(response, 404, 'EntryNotFound')
      return
    }
    if (file.sha256 === undefined) {
      response.setHeader('etag', `"${file.gitOid}"`)
      sendFile(file, request, response, fault)
      return
    }
    response.setHeader('x-linked-etag', `"${file.sha256}"`)
    response.setHeader('x-linked-size', file.size)
    response.writeHead(302, { location: `${networkOrigin}/blobs/${file.sha256}?signature=secret` }).end()
  }

  async function answerNetwork(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '', ownNetworkOrigin).pathname
    const fault = await record('content network', path, request)
    if (fault && 'status' in fault) return fail(response, fault)
    const files = [...repositories.values()].flatMap((repository) => [...repository.files.values()])
    const file = files.find(({ sha256 }) => path === `/blobs/${sha256}`)
    if (!file) return refuse(response, 404, 'EntryNotFound')
    sendFile(file, request, response, fault)
  }

  async function record(host: HubServerRequest['host'], path: string, request: IncomingMessage) {
    const recorded = { host, method: request.method ?? '', path, headers: request.headers }
    requests.push(recorded)
    return server.intercept(recorded)
  }
}

function repositoryOf(id: string, source: string | RepositoryFiles, lfsBytes: number): ServedRepository {
  const contents = typeof source === 'string' ? readFolder(source) : Object.entries(source)
  const files = contents.map(([name, content]): [string, ServedFile] => {
    if (typeof content === 'object' && 'path' in content) {
      // Of what lies in LFS, git has the pointer alone.
      const gitOid = createHash('sha1').update(content.sha256).digest('hex')
      return [name, { name, content, size: statSync(content.path).size, gitOid, sha256: content.sha256 }]
    }
    const bytes = Buffer.from(content)
    const gitOid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
    const sha256 = bytes.length < lfsBytes ? undefined : createHash('sha256').update(bytes).digest('hex')
    return [name, { name, content: bytes, size: bytes.length, gitOid, sha256 }]
  })
  const commit = createHash('sha1').update(JSON.stringify(files.map(([name, file]) => [name, file.gitOid])))
  return { id, commit: commit.digest('hex'), files: new Map(files) }
}

function readFolder(folder: string): [string, Buffer][] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory())
  return files.map(({ name }) => [name, readFileSync(join(folder, name))])
}

function etagOf(file: ServedFile): string {
  return file.sha256 ?? file.gitOid
}

function modelJson({ id, commit, files }: ServedRepository) {
  return {
    _id: commit.slice(0, 24),
    id,
    modelId: id,
    sha: commit,
    private: false,
    gated: false,
    downloads: 0,
    likes: 0,
    tags: [],
    lastModified: '2024-01-01T00:00:00.000Z',
    siblings: [...files.keys()].map((rfilename) => ({ rfilename })),
  }
}

/** Files of the top folder, and the folders in it by what their files' names begin with. */
function topFolder({ files }: ServedRepository) {
  const all = [...files.values()]
  const folders = new Set(
    all.filter(({ name }) => name.includes('/')).map(({ name }) => name.slice(0, name.indexOf('/'))),
  )
  const oid = '0'.repeat(40)
  return [
    ...[...folders].map((path) => ({ type: 'directory', path, size: 0, oid })),
    ...all.filter(({ name }) => !name.includes('/')).map(treeJson),
  ]
}

function treeJson({ name, size, gitOid, sha256 }: ServedFile) {
  const lfs = sha256 === undefined ? {} : { lfs: { oid: sha256, size, pointerSize: 134 } }
  return { type: 'file', path: name, size, oid: gitOid, ...lfs }
}

function sendJson(response: ServerResponse, json: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json))
}

function sendFile(file: ServedFile, request: IncomingMessage, response: ServerResponse, fault?: HubFault): void {
  const { content, size } = file
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = range ? Number(range[1]) : 0
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, size) : size
  if (range) response.setHeader('content-range', `bytes ${start}-${end - 1}/${size}`)
  response.writeHead(range ? 206 : 200, { 'content-length': end - start, 'accept-ranges': 'bytes' })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  if (!Buffer.isBuffer(content)) {
    // A client that goes away, or a fault, ends it early.
    const until = fault && 'cutAfterBytes' in fault ? start + fault.cutAfterBytes : end
    const source = createReadStream(content.path, { start, end: until - 1 })
    void pipeline(source, response, { end: until === end }).then(
      () => until < end && response.socket?.destroy(),
      () => {},
    )
    return
  }
  sendBytes(content.subarray(start, end), response, fault)
}

function sendBytes(body: Buffer, response: ServerResponse, fault: HubFault | undefined): void {
  if (!fault) response.end(body)
  else if ('corrupt' in fault) response.end(body.map((byte) => byte ^ 0xff))
  else if ('stallAfterBytes' in fault) response.write(body.subarray(0, fault.stallAfterBytes))
  else if ('cutAfterBytes' in fault) {
    const { when = Promise.resolve() } = fault
    response.write(body.subarray(0, fault.cutAfterBytes), () => when.then(() => response.socket?.destroy()))
  }
}

function fail(response: ServerResponse, fault: Extract<HubFault, { status: number }>): void {
  response.writeHead(fault.status, fault.headers).end(fault.body)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: code }))
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return text
}
