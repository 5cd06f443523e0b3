/** `/openapi.json` and `/docs`: the description of the API, generated from the schemas that the routes use. */

import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { PACKAGE } from '../package-info.ts'

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
export async function docs(app: FastifyInstance, { hasKeys }: { readonly hasKeys: boolean }): Promise<void> {
  await app.register(swagger, {
    transform: ({ schema, url, route }) => {
      const [method] = [route.method].flat()
      const named = url.replace(/\*$/, ':id')
      const open = hasKeys && route.config?.isPublic ? { security: [] } : {}
      return { url: named, schema: { operationId: operationId(method, named), ...open, ...withNamedWildcard(schema) } }
    },
    openapi: {
      openapi: '3.1.0',
      servers: [{ url: '/' }],
      // Where no keys are set no request needs one, which has to be said as well.
      ...(hasKeys && { components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } } }),
      security: hasKeys ? [{ key: [] }] : [],
      info: {
        title: 'Paradox ASR API',
        version: PACKAGE.version,
        description: PACKAGE.description,
        license: { name: PACKAGE.license, identifier: PACKAGE.license },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: 'Paradox ASR API' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

/** Where a route ends with a wildcard, since ids of models hold slashes, readers see a parameter `id`. */
function withNamedWildcard(schema: FastifySchema): FastifySchema {
  const params = schema?.params as { properties?: Record<string, object> } | undefined
  if (params?.properties?.['*'] === undefined) return schema
  return { ...schema, params: { ...params, required: ['id'], properties: { id: params.properties['*'] } } }
}

/** What a generated client calls the operation: `getV1ModelsById` for `GET /v1/models/:id`. */
function operationId(method = '', url: string): string {
  const words = url
    .replaceAll(/[:{]/g, 'by-')
    .replaceAll('*', 'any')
    .split(/[^A-Za-z0-9]+/)
  return [method.toLowerCase(), ...words.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('')
}
