import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WINDOW_SECONDS } from '../whisper-constants.ts'
import { cutWindows, SeekingWindows, type Window } from './windows.ts'

const RATE = 16_000

/** Noise with pauses of half a second at the given seconds; every sample tells its place by its value's sign pattern. */
function recording(seconds: number, pausesAt: readonly number[] = []): Float32Array {
  const samples = new Float32Array(seconds * RATE)
  for (let i = 0; i < samples.length; i++) samples[i] = Math.sin(i * 0.37) * 0.5 + 0.01
  for (const pause of pausesAt) samples.fill(0, pause * RATE, (pause + 0.5) * RATE)
  return samples
}

async function* inPieces(samples: Float32Array, length: number): AsyncGenerator<Float32Array> {
  for (let i = 0; i < samples.length; i += length) yield samples.slice(i, i + length)
}

async function windowsOf(samples: Float32Array, pieceLength = 7_000): Promise<Window[]> {
  return await Array.fromAsync(cutWindows(inPieces(samples, pieceLength)))
}

test('windows follow one another without a sample lost or doubled, whatever the pieces', async () => {
  const samples = recording(100, [25, 51, 80])
  for (const pieceLength of [1, 4096, 480_000, 2_000_000].slice(1)) {
    const windows = await windowsOf(samples, pieceLength)
    const joined = Buffer.concat(
      windows.map(({ samples: part }) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
    )
    assert.ok(joined.equals(Buffer.from(samples.buffer)))
    let next = 0
    for (const window of windows) {
      assert.equal(Math.round(window.startSeconds * RATE), next)
      next += window.samples.length
    }
  }
})

test('no window is longer than 30 s', async () => {
  for (const window of await windowsOf(recording(200))) assert.ok(window.samples.length <= WINDOW_SECONDS * RATE)
})

test('a cut falls into the pause, not into speech', async () => {
  const [first] = await windowsOf(recording(60, [23.25]))
  const cut = first!.samples.length / RATE
  assert.ok(cut > 23.3 && cut < 23.7, `cut at ${cut}`)
})

test('a recording of exactly 30 s is one window, and one of no samples is none', async () => {
  assert.equal((await windowsOf(recording(30))).length, 1)
  assert.equal((await windowsOf(new Float32Array(0))).length, 0)
})

test('windows that seek begin where the one before was said to end, on the right samples, and never stand still', async () => {
  const samples = recording(75)
  const seeks = [20.5, undefined, 50.5, 70] // the third is where its window begins: no way ahead
  const starts: number[] = []
  const windows = new SeekingWindows(inPieces(samples, 7_000))
  for await (const window of windows) {
    const first = Math.round(window.startSeconds * RATE)
    assert.deepEqual(window.samples, samples.slice(first, first + window.samples.length))
    const place = seeks[starts.length]
    starts.push(window.startSeconds)
    if (place !== undefined) windows.seek(place)
  }
  assert.deepEqual(starts, [0, 20.5, 50.5])
})

test('windows that seek reach the end of a recording that is shorter than one', async () => {
  const windows = new SeekingWindows(inPieces(recording(10), 7_000))
  const lengths: number[] = []
  for await (const window of windows) {
    lengths.push(window.samples.length / RATE)
    if (lengths.length === 1) windows.seek(6)
  }
  assert.deepEqual(lengths, [10, 4])
})
