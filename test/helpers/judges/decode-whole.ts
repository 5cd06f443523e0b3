/** Whole files decoded, and what is asserted about them. */

import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { type AudioOptions, decodeAudio, SAMPLE_RATE } from '../../../src/audio/index.ts'
import { AsrError } from '../../../src/errors/index.ts'

/** Limits that no test file meets by chance. */
export const GENEROUS: AudioOptions = { ffmpegPath: 'ffmpeg', timeoutSeconds: 60, maxSeconds: 36_000 }

/** All samples of a file: [N] 16 kHz mono. */
export async function decodeWhole(path: string, options: Partial<AudioOptions> = {}): Promise<Float32Array> {
  const chunks: Float32Array[] = []
  for await (const chunk of decodeAudio(path, { ...GENEROUS, ...options })) chunks.push(chunk)
  const samples = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0)) // [N]
  let at = 0
  for (const chunk of chunks) {
    samples.set(chunk, at)
    at += chunk.length
  }
  return samples
}

export function assertSeconds(samples: Float32Array, expected: number, tolerance: number, what = 'it'): void {
  const seconds = samples.length / SAMPLE_RATE
  assert.ok(Math.abs(seconds - expected) <= tolerance, `${what} lasts ${seconds} s instead of ${expected} s`)
}

/** Decoding fails with this code, and neither the path nor a word of ffmpeg's is in what the caller sees. */
export async function assertRefused(
  path: string,
  code: string,
  message?: RegExp,
  options?: Partial<AudioOptions>,
): Promise<void> {
  await assert.rejects(decodeWhole(path, options), (error: unknown) => {
    assert.ok(error instanceof AsrError, String(error))
    assert.equal(error.code, code)
    assert.ok(!error.sentence.includes(dirname(path)) && !/0x|\n|\[/.test(error.sentence), error.sentence)
    if (message) assert.match(error.message, message)
    return true
  })
}
