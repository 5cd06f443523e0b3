/** What a model transcribes to show that it can: half a second of quiet sound, as a WAV file that needs no ffmpeg. */

import { SAMPLE_RATE, wavHeader } from '../audio/index.ts'

export function warmUpRecording(): Buffer {
  // A rising tone with noise over it; the noise from a formula, so that every warm-up is the same.
  const samples = Int16Array.from({ length: SAMPLE_RATE / 2 }, (_, i) => {
    const noise = ((i * 7919) % 601) / 300 - 1
    return Math.round(300 * Math.sin(i * i * 1e-4) + 100 * noise)
  })
  return Buffer.concat([wavHeader(samples.byteLength), new Uint8Array(samples.buffer)])
}
