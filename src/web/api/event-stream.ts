/** Server-sent events of the service, out of text that arrives in pieces of any size. */

import { createParser } from 'eventsource-parser'

/** The service ends its streams with it, as OpenAI does. */
const DONE = '[DONE]'

/**
 * A reader to be given the pieces in order.
 *
 * @param take  gets the data of each event as soon as it is whole, but for the last one, which only ends the stream.
 */
export function eventReader(take: (data: string) => void): (piece: string) => void {
  const parser = createParser({ onEvent: ({ data }) => (data === DONE ? undefined : take(data)) })
  return (piece) => parser.feed(piece)
}
