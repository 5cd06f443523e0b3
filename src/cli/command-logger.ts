/** The log of a command shares the terminal with its results, so only trouble is told unless LOG_LEVEL asks for more. */

import type { Config } from '../config.ts'
import { createLogger, type Logger } from '../logger.ts'

/** @param level  where LOG_LEVEL is not set; `error` where a command tells of failures itself. */
export function commandLogger({ logLevel }: Config, level: 'warn' | 'error' = 'warn'): Logger {
  return createLogger(process.env.LOG_LEVEL ? logLevel : level)
}
