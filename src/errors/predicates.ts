/** What a failure of the system or the platform means. */

/** True for an abort by the caller (a client that went away, Ctrl-C), which is nobody's failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** True where the operating system says that the disk, or the caller's quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}
