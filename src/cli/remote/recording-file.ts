/** A recording as a form takes it, read from the disk while it is sent. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'

/**
 * Like `openAsBlob`, whose blob, when the file changes before it is read, leaves a rejection that no code can catch and
 * that ends the process. Of a file that has grown, what was there is sent; one that has shrunk or gone fails the request.
 */
export async function recordingFile(path: string): Promise<File> {
  const { size } = await stat(path)
  return Object.defineProperties(new File([], basename(path)), {
    size: { value: size },
    stream: { value: () => ReadableStream.from(contents(path, size)) },
  })
}

async function* contents(path: string, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return
  try {
    yield* createReadStream(path, { end: size - 1 })
  } catch {
    // fetch would leave this failure uncaught as well. A body that is too short it refuses in the way that it should.
  }
}
