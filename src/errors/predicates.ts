/** The meaning of failures of the system and of the platform. */

/** True for an abort by the caller (a client that went away, Ctrl-C), which is no failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/** True where the operating system says that the disk, or the caller's quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** True where a folder may not be written: no right, a disk mounted read-only, or a file in the folder's place. */
export function isWriteRefused(error: unknown): boolean {
  const { code = '', syscall } = (error ?? {}) as NodeJS.ErrnoException
  // /proc gives it for every new folder.
  if (code === 'ENOENT') return syscall === 'mkdir'
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)
}

/** An error, what caused it, what caused that, and so on. */
export function* causesOf(error: unknown): Generator<Error, void, undefined> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause
}
