/** What a caller hands over as a recording, as a file that an engine can read. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SAMPLE_RATE } from '../audio/index.ts'

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
  await mkdir(tempDir, { recursive: true })
  const folder = await mkdtemp(join(tempDir, 'paradox-recording-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, input instanceof Float32Array ? 'recording.wav' : 'recording')
  try {
    await writeFile(path, input instanceof Float32Array ? [wavHeader(input.length), bytesOf(input)] : input)
    return { path, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const HEADER_BYTES = 44
const IEEE_FLOAT = 3
const BYTES_PER_SAMPLE = 4

/** Of a file of 32-bit floats, which plain readers and ffmpeg take as they are. */
function wavHeader(nSamples: number): Uint8Array {
  const bytes = nSamples * BYTES_PER_SAMPLE
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('RIFF', 0)
  header.writeUInt32LE(HEADER_BYTES - 8 + bytes, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(IEEE_FLOAT, 20)
  header.writeUInt16LE(1, 22) // mono
  header.writeUInt32LE(SAMPLE_RATE, 24)
  header.writeUInt32LE(SAMPLE_RATE * BYTES_PER_SAMPLE, 28)
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32)
  header.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34)
  header.write('data', 36)
  header.writeUInt32LE(bytes, 40)
  return header
}
