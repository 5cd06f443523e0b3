/** Standard input as a file, since what reads recordings has to look at both of their ends. */

import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DiskFullError, isDiskFull } from '../../errors/index.ts'
import { makeFolder } from '../../folders.ts'

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
  await makeFolder(tempDir)
  const folder = await mkdtemp(join(tempDir, 'paradox-stdin-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'recording')
  try {
    await pipeline(stream, createWriteStream(path), { signal })
    return { path, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    signal.throwIfAborted()
    throw isDiskFull(error) ? new DiskFullError('standard input', { cause: error }) : error
  }
}
