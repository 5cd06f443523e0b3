/** What the caller should know of an answer, for those whose form has no room for it, such as plain text. */

import type { FastifyReply } from 'fastify'

/** Its value: a JSON list of sentences in ASCII. */
export const WARNINGS_HEADER = 'x-paradox-warnings'

/** Proxies refuse answers whose headers are larger than a few kB; what is left out stands in no other place of the header. */
const MOST_BYTES = 2048

/** Sets the header, unless there is nothing to tell or the answer has begun. */
export function tellWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (reply.raw.headersSent) return
  let told = warnings
  while (told.length > 0 && inAscii(told).length > MOST_BYTES) told = told.slice(0, -1)
  if (told.length > 0) reply.header(WARNINGS_HEADER, inAscii(told))
}

function inAscii(warnings: readonly string[]): string {
  return JSON.stringify(warnings).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
