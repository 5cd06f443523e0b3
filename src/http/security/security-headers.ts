/** Headers that tell browsers to make nothing of an answer but what it is. */

import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** For answers that are data. A route with a page sets a policy of its own, as `/docs` does. */
export function sendSecurityHeaders(app: FastifyInstance): void {
  app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' },
    // The service speaks plain http, where browsers ignore these three with a warning, or would be locked out.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    // Chosen origins read the answers by CORS, which this leaves alone: it forbids what needs no leave, such as <img>.
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // For browsers that are gone.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
}
