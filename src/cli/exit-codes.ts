/** Exit codes of the commands; scripts depend on them. */

import { AsrError, type ErrorCode } from '../errors/index.ts'
import { systemFailure } from './system-errors.ts'

export const EXIT = {
  success: 0,
  /** The command ran, and something in it failed. */
  failure: 1,
  /** The command was not understood: an argument or a setting is wrong, and nothing has been done. */
  usage: 2,
  /** As a shell reports a program that SIGINT, SIGPIPE or SIGTERM ended: 128 + the signal's number. */
  interrupted: 130,
  readerGone: 141,
  terminated: 143,
} as const

const USAGE_ERRORS: readonly ErrorCode[] = [
  'ASR_CONFIG_INVALID',
  'ASR_MODEL_UNKNOWN',
  'ASR_OPTION_INVALID',
  'ASR_LANGUAGE_UNKNOWN',
  'ASR_API_KEY', // of --server
]

export function exitCodeOf(error: unknown): number {
  // By code rather than by class: an error that comes from an engine process has lost its class.
  return error instanceof AsrError && USAGE_ERRORS.includes(error.code) ? EXIT.usage : EXIT.failure
}

/** One sentence for an expected failure; for a defect of ours everything that helps to find it. */
export function describeFailure(error: unknown): string {
  if (error instanceof AsrError) return error.sentence
  const refused = systemFailure(error)
  if (refused !== undefined) return refused
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
