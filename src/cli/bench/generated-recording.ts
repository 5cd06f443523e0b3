/** Half a minute of sound that resembles a voice, for machines without a recording at hand. */

const SAMPLE_RATE = 16_000
export const GENERATED_SECONDS = 30
const HEADER_BYTES = 44

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
  const wav = Buffer.alloc(HEADER_BYTES + 2 * nSamples)
  writeHeader(wav, 2 * nSamples)
  for (let i = 0; i < nSamples; i++) {
    const seconds = i / SAMPLE_RATE
    const syllable = Math.floor(seconds / SYLLABLE_SECONDS)
    const within = (seconds % SYLLABLE_SECONDS) / SYLLABLE_SECONDS
    const vowel = VOWELS[(syllable * 7) % VOWELS.length]!
    const pitch = 110 + 25 * Math.sin(seconds * 1.7)
    const isPause = syllable % 9 === 8
    const envelope = isPause ? 0 : Math.sin(Math.PI * within) ** 0.5
    wav.writeInt16LE(Math.round(6000 * envelope * voice(seconds, pitch, vowel)), HEADER_BYTES + 2 * i)
  }
  return wav
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

function writeHeader(wav: Buffer, bytes: number): void {
  wav.write('RIFF', 0)
  wav.writeUInt32LE(HEADER_BYTES - 8 + bytes, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(1, 22) // mono
  wav.writeUInt32LE(SAMPLE_RATE, 24)
  wav.writeUInt32LE(2 * SAMPLE_RATE, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(bytes, 40)
}
