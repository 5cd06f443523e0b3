import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { TempFolder } from '../../test/helpers/data/audio-files.ts'
import { decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import { PlainWav } from './plain-wav.ts'
import { wavHeader } from './wav-header.ts'

const SAMPLES = Int16Array.from([0, 16_384, -16_384, 32_767, -32_768])
const RAW = Buffer.from(SAMPLES.buffer)

test('samples behind their header are a plain WAV file, and half a sample at the end is none', async () => {
  using folder = new TempFolder()
  for (const raw of [RAW, Buffer.concat([RAW, Buffer.from([7])])]) {
    const path = folder.file(`${raw.length}.wav`)
    writeFileSync(path, Buffer.concat([wavHeader(raw.length), raw]))
    await using wav = await PlainWav.open(path)
    assert.ok(wav, 'no ffmpeg is needed')
    const heard = await Array.fromAsync(wav.samples(undefined))
    assert.deepEqual(heard, [Float32Array.from(SAMPLES, (sample) => sample / 32_768)])
  }
})

test('ffmpeg reads it to its end where it is longer than a WAV file can say', async () => {
  using folder = new TempFolder()
  const path = folder.file('endless.wav')
  writeFileSync(path, Buffer.concat([wavHeader(5 * 1024 ** 3), RAW]))
  const heard = await decodeWhole(path)
  assert.equal(heard.length, SAMPLES.length)
})
