import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VadSession } from './vad-session.ts'

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

async function hear(vad: VadSession, samples: Float32Array): Promise<number[]> {
  const probabilities: number[] = []
  for (let at = 0; at + FRAME_SAMPLES <= samples.length; at += FRAME_SAMPLES) {
    probabilities.push(await vad.probability(samples.subarray(at, at + FRAME_SAMPLES)))
  }
  return probabilities
}

const most = (probabilities: readonly number[]) => Math.max(...probabilities)

test('the model is the one that our measurements were made with: Silero VAD 6', () => {
  const digest = createHash('sha256').update(readFileSync(VadSession.modelPath())).digest('hex')
  assert.equal(digest, '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3')
})

test('a voice is heard, loud or very quiet; silence and a tone are not', async (t) => {
  await using vad = await VadSession.open()
  for (const loudness of [0.1, 0.001]) {
    const voice = most(await hear(vad, vowels(3, loudness)))
    t.diagnostic(`a voice at ${loudness} of full scale: ${voice.toFixed(3)}`)
    assert.ok(voice > 0.5)
    vad.reset()
  }
  assert.ok(most(await hear(vad, new Float32Array(16_000))) < 0.1)
  vad.reset()
  const tone = Float32Array.from({ length: 32_000 }, (_, i) => 0.3 * Math.sin(i * 0.4))
  assert.ok(most(await hear(vad, tone)) < 0.3)
})

test('after a reset nothing is left of the recording before', async () => {
  await using vad = await VadSession.open()
  const voice = vowels(2, 0.1)
  const first = await hear(vad, voice)
  assert.notDeepEqual(await hear(vad, voice), first)
  vad.reset()
  assert.deepEqual(await hear(vad, voice), first)
})

test('a frame of another length is a defect of the caller', async () => {
  await using vad = await VadSession.open()
  await assert.rejects(vad.probability(new Float32Array(511)), RangeError)
})

test('frames are cheap', async (t) => {
  await using vad = await VadSession.open()
  const samples = vowels(20, 0.1)
  await hear(vad, samples.subarray(0, 16_000))
  const start = performance.now()
  const { length } = await hear(vad, samples)
  t.diagnostic(`${Math.round((1000 * (performance.now() - start)) / length)} µs per frame of 32 ms`)
  assert.equal(length, 625)
})
