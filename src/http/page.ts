/**
 * The page for people: `/` and `/assets/*`, answered to everybody, since the page itself asks for the key. It is an
 * ordinary client of the API, built by `make setup` into `dist/web`.
 */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { HostUnknownError } from '../errors/index.ts'

const YEAR_MS = 365 * 24 * 60 * 60 * 1000
const NOT_BUILT = "The page has not been built: run 'make setup'. The API is described at /docs.\n"

/**
 * The one style element that wavesurfer.js puts into its own shadow tree; every other style is in the page's stylesheet.
 * It changes with the library, and the browser's refusal, which fails the tests of the page, names the new value.
 */
const WAVEFORM_STYLE = "'sha256-fF0LBso7Nz75zaFRDBUefBDvPe19hjaiDnnc8lt+2Js='"

/** The page may load and call this service alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${WAVEFORM_STYLE}`,
  "img-src 'self'",
  "connect-src 'self'",
  'media-src blob:', // recordings of the visitor's own disk and microphone
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @param folder  with the built page; where there is none, `/` says how to get it. */
export async function pageRoutes(app: FastifyInstance, { folder = pageFolder() } = {}): Promise<void> {
  await app.register(async (page) => {
    tellStrangersWhy(page)
    await page.register(servePage, { folder })
  })
}

/** A person reads it, where the page would be. */
function tellStrangersWhy(page: FastifyInstance): void {
  page.setErrorHandler((error, request, reply) => {
    if (!(error instanceof HostUnknownError)) throw error // which is answered as everywhere
    request.facts.code = error.code
    return reply.code(403).type('text/plain; charset=utf-8').send(`${error.sentence}\n`)
  })
}

async function servePage(app: FastifyInstance, { folder }: { readonly folder: string }): Promise<void> {
  const route = { config: { isPublic: true }, schema: { hide: true } }
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', route, (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send(NOT_BUILT))
    return
  }
  // The routes are ours: the plugin's own would ask for a key.
  await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true })

  app.get('/', route, (_request, reply) => {
    // It names the files of this build, so a browser asks each time whether there is another.
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
    return reply.sendFile('index.html', { cacheControl: false }).header('cache-control', 'no-cache')
  })

  app.get<{ Params: { '*': string } }>('/assets/*', route, (request, reply) => {
    const name = request.params['*']
    // Names have a hash of what is in the files; the compressed forms have no address of their own.
    if (!/^[\w.-]+\.(js|css|svg)$/.test(name)) {
      reply.callNotFound()
      return reply
    }
    return reply.sendFile(`assets/${name}`, { maxAge: YEAR_MS, immutable: true })
  })
}

/** `dist/web` of the package that this file belongs to, whether it runs from its source or from somewhere else in it. */
function pageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'dist/web')
}
