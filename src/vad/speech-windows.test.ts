import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SAMPLE_RATE } from '../audio/index.ts'
import { FRAME_SAMPLES, type SpeechOptions, type SpeechWindow, SpeechWindows } from './index.ts'

const OPTIONS: SpeechOptions = {
  threshold: 0.35,
  minSpeechDurationMs: 0,
  minSilenceDurationMs: 1000,
  speechPadMs: 400,
  maxSpeechDurationS: 28,
}
const FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE

/** A recording as [seconds, loudness] after one another; speech is what is louder than 0.1. */
type Script = readonly (readonly [seconds: number, loudness: number])[]
const SPEECH = 0.5
const NOISE = 0.01
const SILENCE = 0

/** Each sample tells its own place, by its sign and last digits, so that a window can be held against the recording. */
function record(script: Script): Float32Array {
  const length = Math.round(script.reduce((sum, [seconds]) => sum + seconds, 0) * SAMPLE_RATE)
  const samples = new Float32Array(length)
  let end = 0
  let place = 0
  for (const [seconds, loudness] of script) {
    end += seconds * SAMPLE_RATE
    for (; place < Math.min(Math.round(end), length); place++) {
      samples[place] = loudness * (1 - (place % 9973) / 99_730) * (place % 2 === 0 ? 1 : -1)
    }
  }
  return samples
}

async function* inPieces(samples: Float32Array, size: number): AsyncGenerator<Float32Array> {
  for (let from = 0; from < samples.length; from += size) yield samples.subarray(from, from + size)
}

/** What Silero would say of our scripts: 0.95 where any sample of the frame is loud. */
async function loudness(frames: Float32Array): Promise<Float32Array> {
  return Float32Array.from({ length: frames.length / FRAME_SAMPLES }, (_, i) => {
    const frame = frames.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
    return frame.some((sample) => Math.abs(sample) > 0.1) ? 0.95 : 0.02
  })
}

async function cut(samples: Float32Array, options: Partial<SpeechOptions> = {}, size = 4000) {
  const stream = new SpeechWindows(inPieces(samples, size), loudness, { ...OPTIONS, ...options })
  const windows: SpeechWindow[] = []
  for await (const window of stream) windows.push(window)
  return { windows, readSeconds: stream.readSeconds, removedSeconds: stream.removedSeconds }
}

const startOf = (window: SpeechWindow) => Math.round(window.startSeconds * SAMPLE_RATE)
const endOf = (window: SpeechWindow) => startOf(window) + window.samples.length
const near = (actual: number | undefined, expected: number, message?: string) =>
  assert.ok(Math.abs(actual! - expected) <= 2 * FRAME_SECONDS, `${message ?? 'time'}: ${actual} is not ${expected}`)

/** Scripts with speech of 0.1–40 s and pauses of 0–5 s, the same at every run. */
function randomScript(seed: number): Script {
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  return Array.from({ length: 24 }, (_, i) =>
    i % 2 === 0 ? [random() ** 3 * 5, random() < 0.5 ? NOISE : SILENCE] : [0.1 + random() ** 4 * 40, SPEECH],
  )
}

const SETTINGS: readonly Partial<SpeechOptions>[] = [
  {},
  { minSpeechDurationMs: 250, minSilenceDurationMs: 100, speechPadMs: 30 },
  { minSpeechDurationMs: 2000, minSilenceDurationMs: 60_000, maxSpeechDurationS: 30 },
  { minSilenceDurationMs: 0, speechPadMs: 10_000, maxSpeechDurationS: 1 },
  { minSpeechDurationMs: 60_000, speechPadMs: 0, maxSpeechDurationS: 5 },
  { threshold: 0 },
  { threshold: 1 },
]

for (const [i, settings] of SETTINGS.entries()) {
  test(`windows are pieces of the recording, in order, apart and at most 30 s long, with settings ${i}`, async () => {
    for (const seed of [1, 2, 3]) {
      const samples = record(randomScript(seed))
      const { windows, readSeconds, removedSeconds } = await cut(samples, settings)
      let last = 0
      let kept = 0
      for (const window of windows) {
        assert.ok(startOf(window) >= last, 'no sample is in two windows')
        assert.ok(window.samples.length > 0 && window.samples.length <= 30 * SAMPLE_RATE)
        assert.deepEqual(window.samples, samples.slice(startOf(window), endOf(window)), 'the map to real time is exact')
        last = endOf(window)
        kept += window.samples.length
        checkSpeech(window, { ...OPTIONS, ...settings })
      }
      assert.ok(last <= samples.length)
      assert.equal(readSeconds, samples.length / SAMPLE_RATE)
      assert.equal(removedSeconds, (samples.length - kept) / SAMPLE_RATE)
    }
  })
}

function checkSpeech({ speech, startSeconds, samples }: SpeechWindow, options: SpeechOptions): void {
  let last = startSeconds
  for (const [i, span] of speech.entries()) {
    assert.ok(span.start >= last + (i > 0 ? 0.098 : 0), 'spans are in order, apart by pauses')
    assert.ok(span.end > span.start)
    last = span.end
  }
  const end = startSeconds + samples.length / SAMPLE_RATE
  assert.ok(last <= end + 1e-9, `speech up to ${last} lies inside its window up to ${end}`)
  assert.ok(last - speech[0]!.start <= options.maxSpeechDurationS + 1e-9, 'speech is at most as long as it may')
}

test('the windows do not depend on how the stream is cut into pieces', async () => {
  const samples = record(randomScript(7))
  const whole = await cut(samples, {}, samples.length)
  for (const size of [333, 512, 16_001]) assert.deepEqual(await cut(samples, {}, size), whole)
})

test('no speech is lost, whatever its length', async () => {
  for (const seed of [4, 5, 6]) {
    const samples = record(randomScript(seed))
    const { windows } = await cut(samples)
    const isKept = new Uint8Array(samples.length)
    for (const window of windows) isKept.fill(1, startOf(window), endOf(window))
    assert.equal(
      samples.findIndex((sample, i) => Math.abs(sample) > 0.1 && !isKept[i]),
      -1,
    )
  }
})

test('speech is joined over pauses shorter than a second and parted by longer ones', async () => {
  const { windows } = await cut(
    record([
      [2, NOISE],
      [3, SPEECH],
      [0.8, NOISE],
      [2, SPEECH],
      [1.5, NOISE],
      [1, SPEECH],
      [3, NOISE],
    ]),
  )
  assert.deepEqual(
    windows.map((window) => window.speech.length),
    [2, 1],
  )
  near(windows[0]?.startSeconds, 1.6)
  near(windows[0]?.speech[0]?.start, 2)
  near(windows[0]?.speech[0]?.end, 5)
  near(windows[0]?.speech[1]?.start, 5.8)
  near(endOf(windows[0]!) / SAMPLE_RATE, 8.2)
  near(windows[1]?.startSeconds, 8.9)
})

test('neighbours share a pause that is too short for the padding of both', async () => {
  const { windows, removedSeconds } = await cut(
    record([
      [1, SPEECH],
      [0.5, NOISE],
      [1, SPEECH],
    ]),
    { minSilenceDurationMs: 300, speechPadMs: 2000 },
  )
  assert.equal(windows.length, 2)
  near(endOf(windows[0]!) / SAMPLE_RATE, 1.25)
  assert.equal(endOf(windows[0]!), startOf(windows[1]!))
  assert.equal(removedSeconds, 0)
})

test('speech that is too long is cut at its longest pause, but not near its beginning', async () => {
  const { windows } = await cut(
    record([
      [2, SPEECH],
      [0.9, NOISE],
      [15, SPEECH],
      [0.6, NOISE],
      [5, SPEECH],
      [0.2, NOISE],
      [12, SPEECH],
      [1, NOISE],
    ]),
  )
  assert.deepEqual(
    windows.map((window) => window.speech.length),
    [2, 2],
  )
  near(windows[0]?.speech[1]?.end, 17.9, 'the end of the first')
  near(windows[1]?.speech[0]?.start, 18.5, 'the start of the second')
})

test('speech without a pause is cut where it is quietest', async () => {
  const { windows, removedSeconds } = await cut(
    record([
      [22.4, SPEECH],
      [0.2, 0.2],
      [20, SPEECH],
    ]),
  )
  assert.equal(windows.length, 2)
  near(windows[1]?.startSeconds, 22.5)
  assert.equal(windows[1]?.speech[0]?.start, windows[1]?.startSeconds)
  assert.equal(removedSeconds, 0)
})

test('a stretch of speech that is too short is dropped, a piece of a longer one is not', async () => {
  const short = record([
    [1, NOISE],
    [0.2, SPEECH],
    [3, NOISE],
    [0.6, SPEECH],
    [3, NOISE],
  ])
  const { windows } = await cut(short, { minSpeechDurationMs: 500 })
  assert.equal(windows.length, 1)
  near(windows[0]?.speech[0]?.start, 4.2)

  const long = record([
    [28, SPEECH],
    [0.5, NOISE],
    [0.3, SPEECH],
    [2, NOISE],
  ])
  assert.equal((await cut(long, { minSpeechDurationMs: 500 })).windows.length, 2)
})

test('digital silence is no speech, whatever the model hears in it', async () => {
  const samples = record([[5, 4e-4]])
  const certainty = async (frames: Float32Array) => new Float32Array(frames.length / FRAME_SAMPLES).fill(1)
  const stream = new SpeechWindows(inPieces(samples, 4000), certainty, { ...OPTIONS, threshold: 0 })
  for await (const _ of stream) assert.fail('there is a window')
  assert.equal(stream.removedSeconds, 5)
})

test('the model hears each sample once and in order, but for what follows half a second of silence', async () => {
  const samples = record([
    [1, SPEECH],
    [0.3, SILENCE],
    [1.001, SPEECH],
    [3, SILENCE],
    [2, NOISE],
  ])
  const heard: Float32Array[] = []
  const stream = new SpeechWindows(
    inPieces(samples, 1000),
    (frames) => loudness(heard[heard.push(frames.slice()) - 1]!),
    OPTIONS,
  )
  for await (const _ of stream);
  const whole = new Float32Array(heard.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const frames of heard) {
    whole.set(frames, at)
    at += frames.length
  }
  // Speech and 16 frames of silence; all from the first frame with noise on, filled up to a whole one.
  const settled = (Math.ceil((2.301 * SAMPLE_RATE) / FRAME_SAMPLES) + 16) * FRAME_SAMPLES
  const again = Math.floor((5.301 * SAMPLE_RATE) / FRAME_SAMPLES) * FRAME_SAMPLES
  const rest = samples.slice(again)
  assert.deepEqual(whole.subarray(0, settled), samples.subarray(0, settled))
  assert.deepEqual(whole.subarray(settled, settled + rest.length), rest)
  assert.equal(whole.length, settled + Math.ceil(rest.length / FRAME_SAMPLES) * FRAME_SAMPLES)
  assert.ok(heard.length < 10, `${heard.length} calls`)
})

test('a recording without a sample has no window', async () => {
  assert.deepEqual(await cut(new Float32Array(0)), { windows: [], readSeconds: 0, removedSeconds: 0 })
})

test('speech up to the last sample, in less than a frame, is kept', async () => {
  const samples = record([
    [1, NOISE],
    [1.01, SPEECH],
  ])
  const { windows } = await cut(samples)
  assert.equal(endOf(windows[0]!), samples.length)
  assert.equal(windows[0]?.speech[0]?.end, samples.length / SAMPLE_RATE)
})

test('three hours of silence are not shown to the model, and their samples are not kept', async () => {
  const hours = 3
  const second = new Float32Array(SAMPLE_RATE)
  const speech = record([[2, SPEECH]])
  async function* recording() {
    for (let i = 0; i < hours * 3600; i++) yield i % 3600 === 3000 ? speech : second
  }
  let nHeard = 0
  const heldBefore = process.memoryUsage().arrayBuffers
  const counted = (frames: Float32Array) => {
    nHeard += frames.length / FRAME_SAMPLES
    return loudness(frames)
  }
  const stream = new SpeechWindows(recording(), counted, OPTIONS)
  let nWindows = 0
  let most = 0
  for await (const window of stream) {
    nWindows++
    most = Math.max(most, process.memoryUsage().arrayBuffers - heldBefore)
    near(window.speech[0]!.end - window.speech[0]!.start, 2)
  }
  assert.equal(nWindows, hours)
  assert.equal(stream.readSeconds, hours * 3601)
  assert.ok(nHeard < 400, `${nHeard} frames were heard`)
  assert.ok(most < 16 * 2 ** 20, `${most} bytes of samples were held`)
})
