/** Half a minute of sound that resembles a voice, for machines without a recording at hand. */

import { SAMPLE_RATE, wavHeader } from '../../audio/index.ts'

export const GENERATED_SECONDS = 30

/** Resonances of a few vowels, in Hz. */
const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [570, 840, 2410],
  [440, 1020, 2240],
  [530, 1840, 2480],
] as const
const SYLLABLE_SECONDS = 0.22

/** A WAV file of 16-bit samples; the same at every call. */
export function generatedRecording(): Buffer {
  const nSamples = GENERATED_SECONDS * SAMPLE_RATE
  const samples = new Int16Array(nSamples)
  for (let i = 0; i < nSamples; i++) {
    const seconds = i / SAMPLE_RATE
    const syllable = Math.floor(seconds / SYLLABLE_SECONDS)
    const within = (seconds % SYLLABLE_SECONDS) / SYLLABLE_SECONDS
    const vowel = VOWELS[(syllable * 7) % VOWELS.length]!
    const pitch = 110 + 25 * Math.sin(seconds * 1.7)
    const isPause = syllable % 9 === 8
    const envelope = isPause ? 0 : Math.sin(Math.PI * within) ** 0.5
    samples[i] = Math.round(6000 * envelope * voice(seconds, pitch, vowel))
  }
  return Buffer.concat([wavHeader(samples.byteLength), new Uint8Array(samples.buffer)])
}

/** Harmonics of a pitch, louder near the resonances; about -1 to 1. */
function voice(seconds: number, pitch: number, resonances: readonly number[]): number {
  let sum = 0
  for (let harmonic = 1; harmonic * pitch < 4000; harmonic++) {
    const frequency = harmonic * pitch
    const gain = resonances.reduce((most, at, i) => most + Math.exp(-(((frequency - at) / 120) ** 2)) / (i + 1), 0.02)
    sum += gain * Math.sin(2 * Math.PI * frequency * seconds)
  }
  return sum / 3
}
