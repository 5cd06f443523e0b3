/** Structured log: one line per event, on standard error, so that standard output stays free for results. */

import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

export function createLogger(level: string): Logger {
  return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
}

/** For code that is handed no logger, such as a library caller's. */
export const silentLogger: Logger = pino({ level: 'silent' })
