/** A caller's recording as a file that an engine can read. */

import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { wavHeader } from '../audio/index.ts'
import { temporaryFolder } from '../temporary-folders.ts'

/**
 * - a path or a `file:` address: audio or video of any format;
 * - bytes: the contents of such a file;
 * - `Float32Array`: 16 kHz mono samples in [-1, 1].
 */
export type RecordingInput = string | URL | Uint8Array | Float32Array

export interface RecordingFile extends AsyncDisposable {
  readonly path: string
}

/** Disposing of it deletes what was written for it. */
export async function recordingFile(input: RecordingInput, tempDir: string): Promise<RecordingFile> {
  if (typeof input === 'string') return { path: resolve(input), [Symbol.asyncDispose]: async () => {} }
  if (input instanceof URL) return { path: fileURLToPath(input), [Symbol.asyncDispose]: async () => {} }
  const folder = await temporaryFolder(tempDir, 'recording')
  const path = join(folder.path, input instanceof Float32Array ? 'recording.wav' : 'recording')
  try {
    await writeFile(
      path,
      input instanceof Float32Array ? [wavHeader(input.byteLength, 'float32'), bytesOf(input)] : input,
    )
    return { ...folder, path }
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
