import { AsrError, CacheUnwritableError, DiskFullError, isDiskFull, isWriteRefused } from '../errors/index.ts'

/**
 * The expected failure that stands behind an error of the file system, or the error itself.
 *
 * @param what  what was being stored, as it fits into a sentence: "repository 'a/b'".
 */
export function diskFailure(what: string, error: unknown): unknown {
  if (error instanceof AsrError) return error
  if (isDiskFull(error)) return new DiskFullError(what, { cause: error })
  return isWriteRefused(error) ? new CacheUnwritableError(what, { cause: error }) : error
}
