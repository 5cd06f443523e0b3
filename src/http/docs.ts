/** `/openapi.json` and `/docs`: the description of the API, generated from the schemas that the routes use. */

import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import packageJson from '../../package.json' with { type: 'json' }

/**
 * The page gets everything from this service. No `upgrade-insecure-requests`, which the plugin's own policy has: over
 * plain http from another machine it would keep the page's scripts from loading.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'self'",
].join('; ')

/** Registers the collector of route schemas, so before the routes, and then the page. */
export async function docs(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      servers: [{ url: '/' }],
      security: [],
      info: {
        title: 'Paradox ASR API',
        version: packageJson.version,
        description: packageJson.description,
        license: { name: packageJson.license, identifier: packageJson.license },
      },
    },
    transform: ({ schema, url, route }) => {
      const [method] = [route.method].flat()
      return { url, schema: { operationId: operationId(method, url), ...schema } }
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: 'Paradox ASR API' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** What a generated client calls the operation: `getV1ModelsById` for `GET /v1/models/:id`. */
function operationId(method = '', url: string): string {
  const words = url
    .replaceAll(/[:{]/g, 'by-')
    .replaceAll('*', 'any')
    .split(/[^A-Za-z0-9]+/)
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}
