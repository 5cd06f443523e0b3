/** Structured log: one line per event, on standard error, so that standard output stays free for results. */

import { type Logger, pino } from 'pino'
import { LogStream } from './log-stream.ts'

export type { Logger } from 'pino'

/** One for all loggers of this process. */
let standardError: LogStream | undefined

export function createLogger(level: string): Logger {
  standardError ??= openStandardError()
  return pino({ level, base: null }, standardError)
}

/** Lines that this process could not write. */
export function droppedLogLines(): number {
  return standardError?.nDropped ?? 0
}

function openStandardError(): LogStream {
  // Node makes standard error non-blocking where it is a pipe or a socket, but not before it is asked for.
  void process.stderr
  const stream = new LogStream(2)
  process.once('exit', () => stream.flushSync())
  return stream
}

/** For code that is handed no logger, such as a library caller's. */
export const silentLogger: Logger = pino({ level: 'silent' })
