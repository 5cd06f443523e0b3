/** Speech of any level comes out at one at which it is heard, and ordinary recordings come out as they are. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelled } from './level.ts'

const RATE = 16_000
const decibels = (dB: number) => 10 ** (dB / 20)

type Signal = (seconds: number) => number
/** Like speech in its ups and downs: syllables of a quarter of a second, and pauses. Its peak is 1. */
const speech: Signal = (t) => (t % 2 > 1.5 ? 0 : Math.sin(2 * Math.PI * 200 * t) * Math.sin(2 * Math.PI * 2 * t) ** 2)
const hiss: Signal = (t) => ((((Math.sin(t * 78_233.7) * 43_758.5453) % 1) + 1) % 1) - 0.5

function samplesOf(signal: Signal, seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * RATE }, (_, i) => signal(i / RATE))
}

async function levelledWhole(samples: Float32Array, size = 5000, onSound?: () => void): Promise<Float32Array> {
  async function* pieces() {
    for (let at = 0; at < samples.length; at += size) yield samples.slice(at, at + size)
  }
  const chunks = await Array.fromAsync(levelled(pieces(), { onSound }))
  const result = Float32Array.from(chunks.flatMap((chunk) => Array.from(chunk)))
  assert.equal(result.length, samples.length)
  assert.ok(result.every((value) => value >= -1 && value <= 1))
  return result
}

const peakOf = (samples: Float32Array, from = 0, to = samples.length / RATE) =>
  samples.subarray(from * RATE, to * RATE).reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)

test('an ordinary level passes to the last bit, and overshoot is clipped', async () => {
  for (const dB of [-39, -20, -6, 0, 3]) {
    const samples = samplesOf((t) => decibels(dB) * speech(t), 40)
    const expected = samples.map((value) => Math.min(1, Math.max(-1, value)))
    assert.deepEqual(await levelledWhole(samples), expected, `${dB} dB`)
  }
})

test('speech far below or above comes out at the same level, wherever it is and however short', async () => {
  for (const seconds of [0.5, 5, 45]) {
    for (const silence of [0, 7, 70]) {
      const peaks: number[] = []
      for (const dB of [-80, -70, -60, -45]) {
        const signal: Signal = (t) => (t < silence ? 0 : decibels(dB) * speech(t - silence))
        peaks.push(peakOf(await levelledWhole(samplesOf(signal, silence + seconds))))
      }
      assert.ok(Math.max(...peaks) / Math.min(...peaks) < 1.01, `${peaks}`)
      assert.ok(peaks[0]! > 0.4 && peaks[0]! < 0.8, `${peaks}`)
    }
    for (const dB of [10, 20, 40, 60, 200]) {
      const peak = peakOf(await levelledWhole(samplesOf((t) => decibels(dB) * speech(t), seconds)))
      assert.ok(peak > 0.45 && peak < 0.8, `${dB} dB: ${peak}`)
    }
  }
})

test('pauses of a recording that is far too loud stay pauses', async () => {
  const signal: Signal = (t) => 1000 * (speech(t) + 0.001 * hiss(t))
  const samples = await levelledWhole(samplesOf(signal, 60))
  for (let t = 1.6; t < 60; t += 2) assert.ok(peakOf(samples, t, t + 0.3) < 0.001)
})

test('a loud click before, in and after faint speech keeps none of it from being raised', async () => {
  for (const at of [0, 3, 33.3]) {
    for (const length of [1 / RATE, 0.02, 0.1]) {
      const signal: Signal = (t) => (t >= at && t < at + length ? 0.9 : decibels(-70) * speech(t))
      const samples = await levelledWhole(samplesOf(signal, 40))
      for (let t = 0; t < 40; t += 2) {
        if (t <= at && at < t + 2) continue // the half second of the click may be as it was
        const peak = peakOf(samples, t, t + 1.5)
        assert.ok(peak > 0.4 && peak < 0.8, `click of ${length} s at ${at}, second ${t}: ${peak}`)
      }
    }
  }
})

test('one ordinary word in half a minute of faint noise is ordinary', async () => {
  const signal: Signal = (t) => (t > 20 && t < 20.25 ? 0.3 * Math.sin(2000 * t) : decibels(-75) * hiss(t))
  const samples = samplesOf(signal, 29)
  assert.deepEqual(await levelledWhole(samples), samples)
})

test('noise that goes on is no speech: it stays faint, and no sound is told of', async () => {
  let isTold = false
  for (const dB of [-84, -75, -60, -45]) {
    const samples = samplesOf((t) => decibels(dB) * hiss(t), 70)
    const onSound = () => {
      isTold = true
    }
    assert.deepEqual(await levelledWhole(samples, 5000, onSound), samples, `${dB} dB`)
  }
  assert.ok(!isTold)
})

test('faint rustling before an ordinary recording raises it for a moment only', async () => {
  const signal: Signal = (t) => (t < 31 ? decibels(-60) : 0.5) * speech(t)
  const samples = samplesOf(signal, 80)
  const result = await levelledWhole(samples)
  assert.ok(peakOf(result, 0, 30) > 0.4)
  assert.deepEqual(result.subarray(45 * RATE), samples.subarray(45 * RATE))
})

test('an ordinary recording with a passage that is far too loud is lowered there, and not for good', async () => {
  const signal: Signal = (t) => (t > 20 && t < 22 ? 300 : 0.5) * speech(t)
  const samples = samplesOf(signal, 60)
  const result = await levelledWhole(samples)
  assert.deepEqual(result.subarray(0, 19 * RATE), samples.subarray(0, 19 * RATE))
  assert.ok(peakOf(result, 20.6, 21.9) < 0.8)
  assert.deepEqual(result.subarray(40 * RATE), samples.subarray(40 * RATE))
})

test('the result does not depend on how the stream was cut', async () => {
  const samples = samplesOf((t) => (t < 20 ? 0.0001 : 20) * speech(t), 50)
  const whole = await levelledWhole(samples, samples.length)
  for (const size of [999, 8192, 16_384]) assert.deepEqual(await levelledWhole(samples, size), whole)
})

test('of several channels all get the gain of the loudest', async () => {
  const [left, right] = [decibels(-50), decibels(-70)]
  const frames = Float32Array.from(
    { length: 20 * RATE },
    (_, at) => (at % 2 === 0 ? left : right) * speech((at >> 1) / RATE),
  )
  async function* once() {
    yield frames
  }
  const chunks = await Array.fromAsync(levelled(once(), { nChannels: 2 }))
  const result = Float32Array.from(chunks.flatMap((chunk) => Array.from(chunk)))
  const peaks = [0, 1].map((channel) => peakOf(result.filter((_, at) => at % 2 === channel)))
  assert.ok(Math.abs(peaks[0]! / peaks[1]! - 10) < 0.1, `${peaks}`)
  assert.ok(peaks[0]! > 0.4)
})
