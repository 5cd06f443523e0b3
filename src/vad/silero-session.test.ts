import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameByFrame } from '../../test/helpers/judges/frame-by-frame-vad.ts'

import { type VadListener, VadSession } from './silero-session.ts'

const FRAME_SAMPLES = 512

/** A buzz of 120 Hz through two formants, in syllables: enough of a voice for Silero, and no file is needed. */
function vowels(seconds: number, loudness: number): Float32Array {
  const samples = new Float32Array(seconds * 16_000)
  for (let i = 0; i < samples.length; i++) {
    const t = i / 16_000
    let sample = 0
    for (let harmonic = 1; harmonic <= 25; harmonic++) {
      const hertz = harmonic * 120 * (1 + 0.02 * Math.sin(2 * Math.PI * 5 * t))
      const formants = Math.exp(-(((hertz - 700) / 200) ** 2)) + 0.5 * Math.exp(-(((hertz - 1200) / 250) ** 2))
      sample += formants * Math.sin(2 * Math.PI * hertz * t)
    }
    samples[i] = loudness * sample * Math.max(0, Math.sin(2 * Math.PI * 3 * t))
  }
  return samples
}

/** All whole frames, in calls of at most `nFrames`. */
async function hear(listener: VadListener, samples: Float32Array, nFrames = 32): Promise<number[]> {
  const probabilities: number[] = []
  const end = samples.length - (samples.length % FRAME_SAMPLES)
  for (let at = 0; at < end; at += nFrames * FRAME_SAMPLES) {
    probabilities.push(
      ...(await listener.probabilities(samples.subarray(at, Math.min(at + nFrames * FRAME_SAMPLES, end)))),
    )
  }
  return probabilities
}

const most = (probabilities: readonly number[]) => Math.max(...probabilities)

test('frames heard together are judged as the original judges them one by one', async (t) => {
  await using vad = await VadSession.open()
  const samples = vowels(4, 0.1)
  // A quiet part, where the louder row counts, and a part beyond full scale.
  for (let i = 16_000; i < 32_000; i++) samples[i]! *= 0.01
  for (let i = 48_000; i < 50_000; i++) samples[i] = i % 100 < 50 ? 1 : -1
  const expected = await frameByFrame(samples)
  for (const nFrames of [1, 2, 7, 32, 1000]) {
    const actual = await hear(vad.listen(), samples, nFrames)
    const difference = most(actual.map((probability, i) => Math.abs(probability - expected[i]!)))
    t.diagnostic(`largest difference in blocks of ${nFrames}: ${difference.toExponential(1)}`)
    assert.equal(actual.length, expected.length)
    assert.ok(difference < 1e-4)
  }
})

test('a voice is heard, loud or very quiet; silence and a tone are not', async (t) => {
  await using vad = await VadSession.open()
  for (const loudness of [0.1, 0.001]) {
    const voice = most(await hear(vad.listen(), vowels(3, loudness)))
    t.diagnostic(`a voice at ${loudness} of full scale: ${voice.toFixed(3)}`)
    assert.ok(voice > 0.5)
  }
  assert.ok(most(await hear(vad.listen(), new Float32Array(16_000))) < 0.1)
  const tone = Float32Array.from({ length: 32_000 }, (_, i) => 0.3 * Math.sin(i * 0.4))
  assert.ok(most(await hear(vad.listen(), tone)) < 0.3)
})

test('recordings that are listened to at a time know nothing of one another', async () => {
  await using vad = await VadSession.open()
  const voice = vowels(2, 0.1)
  const [first, second] = [vad.listen(), vad.listen()]
  const alone = await hear(first, voice)
  const [again, other] = await Promise.all([hear(first, voice), hear(second, voice)])
  assert.deepEqual(other, alone)
  assert.notDeepEqual(again, alone, 'while one goes on where it was')
})

test('frames of another length are a defect of the caller', async () => {
  await using vad = await VadSession.open()
  for (const length of [0, 511, 1025])
    await assert.rejects(vad.listen().probabilities(new Float32Array(length)), RangeError)
})

test('frames are cheap', async (t) => {
  await using vad = await VadSession.open()
  const samples = vowels(20, 0.1)
  await hear(vad.listen(), samples.subarray(0, 16_000))
  const start = performance.now()
  const { length } = await hear(vad.listen(), samples)
  t.diagnostic(`${Math.round((1000 * (performance.now() - start)) / length)} µs per frame of 32 ms`)
  assert.equal(length, 625)
})
