/** What every route that takes a form has in common. */

import type { FastifyRequest } from 'fastify'

/**
 * @param notAForm  what is thrown for a body of another type, before the framework meets a content type that is not even
 * well-formed and answers 415 in its own words.
 */
export function formRoute(notAForm: () => Error) {
  return {
    validatorCompiler: () => () => true, // the form is no JSON value; it is checked as it arrives, a query with it
    onRequest: async ({ headers }: FastifyRequest) => {
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) throw notAForm()
    },
  }
}
