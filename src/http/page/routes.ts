/** `/` and `/assets/*`: told to everybody, since the page itself asks for the key. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { CONTENT_SECURITY_POLICY } from './content-security-policy.ts'
import { pageFolder } from './page-folder.ts'

const YEAR_MS = 365 * 24 * 60 * 60 * 1000
const NOT_BUILT = "The page has not been built: run 'make setup'. The API is described at /docs.\n"

/** @param folder  with the built page; where there is none, `/` says how to get it. */
export async function pageRoutes(app: FastifyInstance, { folder = pageFolder() } = {}): Promise<void> {
  const route = { config: { isPublic: true }, schema: { hide: true } }
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', route, (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send(NOT_BUILT))
    return
  }
  await app.register(async (page) => {
    // The routes are ours: the plugin's own would ask for a key.
    await page.register(fastifyStatic, { root: folder, serve: false, preCompressed: true })

    page.get('/', route, (_request, reply) => {
      // It names the files of this build, so a browser asks each time whether there is another.
      reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
      return reply.sendFile('index.html', { cacheControl: false }).header('cache-control', 'no-cache')
    })

    page.get<{ Params: { '*': string } }>('/assets/*', route, (request, reply) => {
      const name = request.params['*']
      // Names have a hash of what is in the files; the compressed forms have no address of their own.
      if (!/^[\w.-]+\.(js|css|svg)$/.test(name)) {
        reply.callNotFound()
        return reply
      }
      return reply.sendFile(`assets/${name}`, { maxAge: YEAR_MS, immutable: true })
    })
  })
}
