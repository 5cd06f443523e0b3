/** The events of a stream of `text/event-stream`, as our service sends them: one JSON value after each `data: `. */

/** What ends the stream. */
const DONE = '[DONE]'

/**
 * @throws {SyntaxError} for what is no JSON; whatever the body's reader throws.
 */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    const lines = rest.split(/\r?\n/)
    rest = lines.pop()! // what comes after the last line end, which may be a part of a line
    for (const line of lines) {
      if (!line.startsWith('data:')) continue // a comment that keeps the connection alive, or the end of an event
      const data = line.slice('data:'.length).trim()
      if (data === DONE) return
      yield JSON.parse(data)
    }
  }
}
