/** What a model transcribes to show that it can: half a second of quiet sound, as a WAV file that needs no ffmpeg. */

const SAMPLE_RATE = 16_000
const N_SAMPLES = SAMPLE_RATE / 2
const HEADER_BYTES = 44

export function warmUpRecording(): Buffer {
  const bytes = 2 * N_SAMPLES
  const wav = Buffer.alloc(HEADER_BYTES + bytes)
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
  // A rising tone with noise over it; the noise from a formula, so that every warm-up is the same.
  for (let i = 0; i < N_SAMPLES; i++) {
    const noise = ((i * 7919) % 601) / 300 - 1
    wav.writeInt16LE(Math.round(300 * Math.sin(i * i * 1e-4) + 100 * noise), HEADER_BYTES + 2 * i)
  }
  return wav
}
