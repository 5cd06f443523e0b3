/** What can be said about a file before ffmpeg is started. */

import { stat } from 'node:fs/promises'
import { AudioEmptyError, AudioUnreadableError } from '../errors/index.ts'

/**
 * @throws {AudioEmptyError} for a file of zero bytes.
 * @throws {AudioUnreadableError} when there is no such file, or it is a folder, a pipe or a device.
 */
export async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
    throw new AudioUnreadableError(isMissing ? 'there is no such file' : 'it cannot be opened', { cause })
  })
  if (!found.isFile()) throw new AudioUnreadableError('it is not a file')
  if (found.size === 0) throw new AudioEmptyError('is empty')
}
