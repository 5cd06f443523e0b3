/** Standard input as a file, since what reads recordings has to look at both of their ends. */

import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DiskFullError, isDiskFull } from '../../errors/index.ts'
import { temporaryFolder } from '../../temporary-folders.ts'

export interface SpooledInput extends AsyncDisposable {
  readonly path: string
}

/**
 * Reads `stream` to its end. Disposing of what is given back deletes the file.
 *
 * @throws {DiskFullError} and other errors of the file system; the signal's reason after an abort.
 */
export async function spool(
  stream: NodeJS.ReadableStream,
  { tempDir, signal }: { readonly tempDir: string; readonly signal: AbortSignal },
): Promise<SpooledInput> {
  const folder = await temporaryFolder(tempDir, 'stdin')
  const path = join(folder.path, 'recording')
  try {
    await pipeline(stream, createWriteStream(path), { signal })
    return { ...folder, path }
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    signal.throwIfAborted()
    throw isDiskFull(error) ? new DiskFullError('standard input', { cause: error }) : error
  }
}
