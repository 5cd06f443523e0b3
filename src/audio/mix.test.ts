/** No voice in any channel is lost in the mix, and ordinary mixes are what they were. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder } from '../../test/helpers/data/audio-files.ts'
import { assertRefused, decodeWhole } from '../../test/helpers/judges/decode-whole.ts'
import { type ChannelLayout, mixWeights } from './channels.ts'
import { mixed } from './mix.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())

const RATE = 16_000
const STEREO: ChannelLayout = { nChannels: 2, speakers: 0 }
/** Something like a voice: a sound of many frequencies, a quarter of a second in each half. */
const VOICE = 'if(lt(mod(t,0.5),0.25),0.2*(sin(2*PI*180*t)+sin(2*PI*417*t)+sin(2*PI*1303*t)),0)'

type Signal = (i: number) => number
/** Noise that is the same in each run, and another for each seed. */
const noise = (seed: number): Signal => {
  const values = new Float32Array(65_536)
  let state = seed
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    values[i] = state / 2 ** 31
  }
  return (i) => values[i % values.length]!
}
const [ONE, TWO] = [noise(1), noise(2)]
const SILENCE: Signal = () => 0

async function mixOf(channels: readonly Signal[], seconds: number, layout?: ChannelLayout, size = 5000) {
  const nFrames = seconds * RATE
  const frames = Float32Array.from({ length: nFrames * channels.length }, (_, at) =>
    channels[at % channels.length]!(Math.floor(at / channels.length)),
  )
  async function* pieces() {
    const step = size * channels.length
    for (let at = 0; at < frames.length; at += step) yield frames.slice(at, at + step)
  }
  const chunks = await Array.fromAsync(mixed(pieces(), layout ?? { nChannels: channels.length, speakers: 0 }))
  const samples = Float32Array.from(chunks.flatMap((chunk) => Array.from(chunk)))
  assert.equal(samples.length, nFrames)
  return samples
}

const energy = (samples: Float32Array, from = 0, to = samples.length / RATE) =>
  samples.subarray(from * RATE, to * RATE).reduce((sum, value) => sum + value * value, 0) / ((to - from) * RATE)

const isNear = (actual: number, expected: number) => Math.abs(actual / expected - 1) < 0.1

test('ordinary stereo is half of the left and half of the right, to the last bit', async () => {
  const cases: Readonly<Record<string, readonly [Signal, Signal]>> = {
    'the same': [ONE, ONE],
    'two people': [ONE, TWO],
    'one side': [SILENCE, ONE],
    'partly the same': [ONE, (i) => 0.5 * ONE(i) + 0.5 * TWO(i)],
    'somewhat against each other': [ONE, (i) => 0.8 * TWO(i) - 0.4 * ONE(i)],
    silence: [SILENCE, SILENCE],
  }
  for (const [name, [left, right]] of Object.entries(cases)) {
    const samples = await mixOf([left, right], 6)
    const expected = samples.map((_, i) => 0.5 * Math.fround(left(i)) + 0.5 * Math.fround(right(i)))
    assert.deepEqual(samples, expected, name)
  }
})

test('channels that cancel each other out give the louder one, from the first sample on', async () => {
  for (const factor of [-1, -0.8, -1.25]) {
    const samples = await mixOf([ONE, (i) => factor * ONE(i)], 3)
    assert.ok(isNear(energy(samples, 0, 0.5), energy(samples)), 'the same at the beginning')
    assert.ok(isNear(energy(samples), Math.max(1, factor ** 2) / 3), `factor ${factor}`)
  }
})

test('a voice in opposite phase is heard beside a weaker sound that is in phase', async () => {
  const [left, right]: [Signal, Signal] = [(i) => ONE(i) + 0.4 * TWO(i), (i) => -ONE(i) + 0.4 * TWO(i)]
  assert.ok(isNear(energy(await mixOf([left, right], 3)), 1.16 / 3))
})

test('a phase that is wrong from some time on, or until then, is noticed where it changes', async () => {
  const wrongFrom = (start: number, end: number): Signal => {
    return (i) => (i >= start * RATE && i < end * RATE ? -ONE(i) : ONE(i))
  }
  const samples = await mixOf([ONE, wrongFrom(8, 20)], 30)
  for (let second = 0; second < 30; second++) {
    // The step of half a second in which it changes may be the other way round.
    if (second === 7 || second === 8 || second === 19 || second === 20) continue
    assert.ok(isNear(energy(samples, second, second + 1), 1 / 3), `second ${second}`)
  }
  assert.ok(samples.every((value) => Math.abs(value) <= 1))
})

test('a vowel that meets two microphones in opposite phase changes nothing', async () => {
  const vowel: Signal = (i) => (i > 3 * RATE && i < 3.4 * RATE ? -ONE(i) : ONE(i))
  const samples = await mixOf([ONE, vowel], 10)
  assert.equal(samples[8 * RATE], Math.fround(ONE(8 * RATE)))
  assert.ok(energy(samples, 3.1, 3.3) < 1e-6)
})

test('the mix does not depend on how the stream was cut', async () => {
  const channels = [ONE, (i: number) => (i < 6 * RATE ? -ONE(i) : TWO(i))]
  const whole = await mixOf(channels, 12, STEREO, 12 * RATE)
  for (const size of [1000, 8192, 16_384]) assert.deepEqual(await mixOf(channels, 12, STEREO, size), whole)
})

test('a voice in one channel of many is heard, whichever it is', async () => {
  for (const nChannels of [3, 6, 8, 11, 16, 32, 60, 64]) {
    for (const place of [0, Math.floor(nChannels / 2), nChannels - 1]) {
      const channels = Array.from({ length: nChannels }, (_, c) => (c === place ? ONE : SILENCE))
      const samples = await mixOf(channels, 1)
      assert.ok(energy(samples) > 1 / 3 / 70, `channel ${place + 1} of ${nChannels}`)
    }
  }
})

test('many channels of which each is another one inverted still give a voice', async () => {
  const channels = Array.from({ length: 12 }, (_, c): Signal => (c % 2 === 0 ? ONE : (i) => -ONE(i)))
  assert.ok(isNear(energy(await mixOf(channels, 2)), 1 / 3))
})

test('a voice in the low-frequency channel alone is heard, and an explosion in it is not', async () => {
  const surround = { nChannels: 6, speakers: 0x3f }
  const only = [SILENCE, SILENCE, SILENCE, ONE, SILENCE, SILENCE]
  assert.ok(isNear(energy(await mixOf(only, 2, surround)), 1 / 3))
  const film = [SILENCE, SILENCE, (i: number) => 0.05 * ONE(i), TWO, SILENCE, SILENCE]
  assert.ok(energy(await mixOf(film, 2, surround)) < 0.001)
})

// ── against ffmpeg ──────────────────────────────────────────────────────────────────────────────────────────────────

const LAYOUTS: Readonly<Record<string, number>> = {
  ...{ '2.1': 3, '3.0': 3, '3.0(back)': 3, quad: 4, '4.0': 4, '3.1': 4, '5.0': 5, '4.1': 5, '5.1': 6, '5.1(side)': 6 },
  ...{ '6.0': 6, '6.0(front)': 6, hexagonal: 6, '6.1': 7, '7.0': 7, '7.1': 8, '7.1(wide)': 8, octagonal: 8 },
}

test("loudspeakers are mixed with ffmpeg's weights", async () => {
  for (const [layout, nChannels] of Object.entries(LAYOUTS)) {
    const tones = Array.from({ length: nChannels }, (_, c) => `0.3*sin(2*PI*${150 + 90 * c}*t)`).join('|')
    const path = folder.make(`${nChannels}-${layout}.wav`, [
      ...['-f', 'lavfi', '-i', `aevalsrc='${tones}':c=${layout}:s=16000:d=1`, '-c:a', 'pcm_f32le'],
    ])
    const args = ['-v', 'error', '-i', path, '-af', 'aresample=rematrix_maxval=1', '-ac', '1', '-f', 'f32le', '-']
    const bytes = execFileSync('ffmpeg', args)
    const expected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    const samples = await decodeWhole(path)
    assert.equal(samples.length, expected.length, layout)
    assert.ok(
      samples.every((sample, i) => Math.abs(sample - expected[i]!) < 2e-6),
      layout,
    )
  }
  assert.deepEqual(
    [...mixWeights({ nChannels: 2, speakers: 3 })].map((weight) => weight.toFixed(6)),
    ['0.500000', '0.500000'],
  )
})

const OPPOSITE = ['-f', 'lavfi', '-i', `aevalsrc='${VOICE}|-0.9*(${VOICE})':c=stereo:s=48000:d=3`]
const rms = (samples: Float32Array) => Math.sqrt(energy(samples))

test('opposite phase is heard in every container, lossy ones too', async () => {
  const files: readonly (readonly [string, ...string[]])[] = [
    ['o.wav'],
    ['o16.wav', '-ar', '16000'],
    ['of.wav', '-c:a', 'pcm_f32le'],
    ['o.flac'],
    ['o.mp3'],
    ['o.m4a', '-c:a', 'aac'],
    ['o.opus', '-c:a', 'libopus'],
    ['o.ogg', '-c:a', 'libvorbis'],
    ['o.wma'],
    ['o.mkv', '-c:a', 'ac3'],
  ]
  for (const [name, ...args] of files) {
    const loudness = rms(await decodeWhole(folder.make(name, [...OPPOSITE, ...args])))
    assert.ok(loudness > 0.12 && loudness < 0.25, `${name}: ${loudness}`)
  }
})

test('one to 64 channels are read from WAV without a layout and from other containers; more are refused', async () => {
  const from = (nChannels: number) => {
    const raw = folder.file('raw')
    const isSpoken = (i: number) => i % (RATE / 2) < RATE / 4
    const frames = Int16Array.from({ length: RATE * nChannels }, (_, at) => {
      const i = Math.floor(at / nChannels)
      return at % nChannels === nChannels - 1 && isSpoken(i) ? 20_000 * Math.sin(i / 7) : 0
    })
    writeFileSync(raw, frames)
    return ['-f', 's16le', '-ar', '16000', '-ac', `${nChannels}`, '-i', raw]
  }
  for (const nChannels of [1, 2, 3, 5, 6, 8, 9, 11, 18, 24, 32, 60, 64]) {
    for (const [suffix, rate] of [
      ['wav', '16000'],
      ['wav', '8000'],
      ['w64', '48000'],
      ['caf', '16000'],
      ['mka', '22050'],
    ]) {
      const args = [...from(nChannels), '-ar', rate!, '-c:a', 'pcm_s16le']
      const name = `${nChannels}-${rate}.${suffix}`
      const told: number[] = []
      const samples = await decodeWhole(folder.make(name, args), { onTrack: (track) => told.push(track.nChannels) })
      assert.ok(rms(samples) > 0.015, `${name}: ${rms(samples)}`)
      assert.deepEqual(told, [nChannels], name)
    }
  }
  const many = folder.make('many.wav', [...from(64), '-c:a', 'pcm_s16le'])
  const bytes = readFileSync(many)
  for (const nChannels of [65, 100, 255]) {
    bytes.writeUInt16LE(nChannels, bytes.indexOf('fmt ') + 10)
    bytes.writeUInt16LE(nChannels * 2, bytes.indexOf('fmt ') + 20)
    const path = folder.file(`${nChannels}.wav`)
    writeFileSync(path, bytes)
    await assertRefused(path, 'ASR_AUDIO_UNREADABLE', /more than the 64 channels/)
  }
})

test('one channel is picked, and one that is not there is refused in a sentence that says what is', async () => {
  const two = ['-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*300*t)|0.25*sin(2*PI*300*t)':c=stereo:s=16000:d=1`]
  for (const name of ['two.wav', 'two.flac']) {
    const path = folder.make(name, two)
    const peaks = [1, 2].map(async (channel) => Math.max(...(await decodeWhole(path, { channel }))))
    assert.deepEqual(
      (await Promise.all(peaks)).map((peak) => peak.toFixed(2)),
      ['0.50', '0.25'],
    )
    await assert.rejects(decodeWhole(path, { channel: 3 }), {
      code: 'ASR_OPTION_INVALID',
      param: 'channel',
      remedy: 'Use mix, each or 1 to 2: the track has no more.',
    })
    await assert.rejects(decodeWhole(path, { track: 2 }), {
      code: 'ASR_OPTION_INVALID',
      param: 'track',
      remedy: 'Use 1: the file has one audio track.',
    })
  }
})
