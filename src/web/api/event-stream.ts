/** Server-sent events out of text that arrives in pieces of any size. */

/** What the service ends its streams with, as OpenAI does. */
export const DONE = '[DONE]'

export class EventStreamParser {
  /** What has come of a line that has not ended. */
  #rest = ''
  /** Data lines of an event that has not ended. */
  #data: string[] = []
  /** True after a carriage return at the end of a piece: a line feed that follows it ends nothing. */
  #mayFollow = false

  /**
   * The data of the events that end in this piece; comments and other fields are left out.
   *
   * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
   */
  push(piece: string): string[] {
    const text = this.#rest + (this.#mayFollow ? piece.replace(/^\n/, '') : piece)
    if (piece !== '') this.#mayFollow = piece.endsWith('\r')
    const lines = text.split(/\r\n|\r|\n/)
    this.#rest = lines.pop()! // split gives at least one part
    const events: string[] = []
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push(this.#data.join('\n'))
        this.#data = []
      } else if (line.startsWith('data:')) {
        this.#data.push(line.slice(line[5] === ' ' ? 6 : 5))
      }
    }
    return events
  }
}
