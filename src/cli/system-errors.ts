/** The system's error codes for files, folders and connections, in words. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there and cannot be made',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota on the disk is used up',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'a file has the name of its folder',
  EEXIST: 'a file has the name of its folder',
}

/** The reason of an error that came when something was to be written. */
export function unwritableReason(error: unknown): string {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  return REASONS[code] ?? code
}

/** One sentence for what the system refused at a path; undefined for every other error. */
export function systemFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, path } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined || path === undefined) return undefined
  return `'${path}' could not be used (${unwritableReason(error)}): see what 'paradox doctor' says of the folders.`
}

const CONNECTION_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it has broken off the connection',
  UND_ERR_SOCKET: 'it has broken off the connection',
  ENOTFOUND: 'there is no machine of this name',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'there is no way to this machine',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'the recording has changed while it was sent',
}

/** The reason of a missing answer. @param code  of the system or of fetch; undefined where there is none. */
export function connectionReason(code: string | undefined): string {
  return code === undefined ? 'no connection' : (CONNECTION_REASONS[code] ?? code)
}
