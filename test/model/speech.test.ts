/** Speech detection on real recordings: what it keeps of speech, and what it takes for speech. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SAMPLE_RATE } from '../../src/audio/index.ts'
import { FRAME_SAMPLES, type Span, type SpeechWindow, SpeechWindows, VadSession } from '../../src/vad/index.ts'
import { DEFAULTS } from '../../src/whisper/options.ts'
import { joined } from '../helpers/builders/joined.ts'
import { anyRecordings, type Recording } from '../helpers/data/recordings.ts'
import { decodeWhole } from '../helpers/judges/decode-whole.ts'
import { frameByFrame } from '../helpers/judges/frame-by-frame-vad.ts'

const { recordings, absent } = anyRecordings()

/** The manifest has it as noise, but somebody says that the quick brown fox jumps over the lazy dog. */
const SPOKEN_NOISE = 'ns-readalongs-noise1500'

/** -40 dB of full scale, where a usual recording has -6. */
const QUIET_PEAK = 0.01

async function windowsOf(vad: VadSession, samples: Float32Array): Promise<SpeechWindow[]> {
  const listener = vad.listen()
  async function* chunks() {
    yield samples
  }
  return await Array.fromAsync(new SpeechWindows(chunks(), (frames) => listener.probabilities(frames), DEFAULTS))
}

const secondsOf = (spans: readonly { readonly start: number; readonly end: number }[]) =>
  spans.reduce((sum, span) => sum + span.end - span.start, 0)
const speechOf = (windows: readonly SpeechWindow[]) => windows.flatMap((window) => window.speech)

/** How much of the speech, `shift` seconds later, lies in the windows. */
function keptSeconds(speech: readonly Span[], windows: readonly SpeechWindow[], shift: number): number {
  return secondsOf(
    speech.flatMap(({ start, end }) =>
      windows.map(({ startSeconds, samples }) => ({
        start: Math.max(start + shift, startSeconds),
        end: Math.max(start + shift, startSeconds, Math.min(end + shift, startSeconds + samples.length / SAMPLE_RATE)),
      })),
    ),
  )
}

/**
 * The share of the loud frames, 32 ms within 12 dB of the recording's 90th percentile, that lie in the windows. Clicks
 * and breaths are few among them, whatever energy they have.
 */
function loudShare(windows: readonly SpeechWindow[], samples: Float32Array): number {
  const kept = new Uint8Array(samples.length)
  for (const window of windows) {
    const start = Math.round(window.startSeconds * SAMPLE_RATE)
    kept.fill(1, start, start + window.samples.length)
  }
  const frames = Array.from({ length: Math.floor(samples.length / FRAME_SAMPLES) }, (_, i) => {
    const frame = samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
    return { energy: frame.reduce((sum, x) => sum + x * x, 0), isKept: kept[i * FRAME_SAMPLES] === 1 }
  })
  const energies = frames.map(({ energy }) => energy).sort((x, y) => x - y)
  const loud = frames.filter(({ energy }) => energy > energies[Math.floor(0.9 * frames.length)]! / 16)
  return loud.filter(({ isKept }) => isKept).length / loud.length
}

const silence = (seconds: number) => new Float32Array(Math.round(seconds * SAMPLE_RATE))
const isSpoken = (recording: Recording) => recording.language !== 'zxx'

test('frames heard together are judged as the original judges them one by one', { skip: absent }, async (t) => {
  await using vad = await VadSession.open()
  const short = recordings.filter(({ durationSeconds }) => durationSeconds < 35)
  for (const { id, path } of short.filter((_, i) => i % 8 === 0)) {
    const samples = await decodeWhole(path)
    const expected = await frameByFrame(samples)
    const listener = vad.listen()
    const actual: number[] = []
    // Blocks of 1, 2, … frames, so that the state is carried over many borders.
    for (let at = 0, n = 1; at < expected.length; at += n++) {
      const end = Math.min(at + n, expected.length)
      actual.push(...(await listener.probabilities(samples.subarray(at * FRAME_SAMPLES, end * FRAME_SAMPLES))))
    }
    const difference = Math.max(...actual.map((probability, i) => Math.abs(probability - expected[i]!)))
    t.diagnostic(`${id}: ${actual.length} frames, largest difference ${difference.toExponential(1)}`)
    assert.equal(actual.length, expected.length)
    assert.ok(difference < 1e-4)
  }
})

test('of noise, music, animals and silence next to nothing is taken for speech', { skip: absent }, async (t) => {
  await using vad = await VadSession.open()
  for (const recording of recordings) {
    if (isSpoken(recording) || recording.id === SPOKEN_NOISE) continue
    const speech = secondsOf(speechOf(await windowsOf(vad, await decodeWhole(recording.path))))
    if (speech > 0) t.diagnostic(`${recording.id}: ${speech.toFixed(2)} of ${recording.durationSeconds} s`)
    assert.ok(speech < 0.7, `${recording.id}: ${speech} s of speech`)
  }
})

test('the windows hold nearly all that is loud in recordings of speech', { skip: absent }, async (t) => {
  await using vad = await VadSession.open()
  for (const recording of recordings.filter(isSpoken)) {
    const samples = await decodeWhole(recording.path)
    const windows = await windowsOf(vad, samples)
    const speech = secondsOf(speechOf(windows))
    const inWindows = windows.reduce((sum, window) => sum + window.samples.length, 0) / SAMPLE_RATE
    const share = loudShare(windows, samples)
    const row = [recording.durationSeconds, inWindows, speech].map((seconds) => `${seconds.toFixed(1)} s`)
    t.diagnostic(`${recording.id}: ${row.join(' · ')} · ${windows.length} windows · ${(100 * share).toFixed(2)} %`)
    assert.ok(share > 0.85, `${recording.id}: only ${share} of its loud frames`)
    // Nobody says 30 letters a second, so much more text than speech would mean that speech was missed.
    const letters = recording.text?.length ?? 0
    assert.ok(letters / speech < 30, `${recording.id}: ${letters} letters in ${speech} s of speech`)
  }
})

test('clips that are joined with pauses of 0.3 to 3 s all keep their speech', { skip: absent }, async (t) => {
  await using vad = await VadSession.open()
  const clips = recordings.filter(
    (recording) => isSpoken(recording) && recording.durationSeconds < 15 && !recording.id.includes('--'),
  )
  const parts: Float32Array[] = []
  const places: { readonly id: string; readonly start: number; readonly alone: readonly Span[] }[] = []
  let at = 0
  for (const [i, clip] of clips.entries()) {
    const samples = await decodeWhole(clip.path)
    const pause = silence(0.3 + (i % 10) * 0.3)
    places.push({ id: clip.id, start: at / SAMPLE_RATE, alone: speechOf(await windowsOf(vad, samples)) })
    parts.push(samples, pause)
    at += samples.length + pause.length
  }
  const windows = await windowsOf(vad, joined(parts))
  for (const { id, start, alone } of places) {
    const share = keptSeconds(alone, windows, start) / secondsOf(alone)
    if (share < 0.99) t.diagnostic(`${id}: ${(100 * share).toFixed(1)} %`)
    assert.ok(share > 0.9, `${id}: only ${share} of its speech`)
  }
})

test('a quiet speaker is heard after a loud one', { skip: absent }, async (t) => {
  await using vad = await VadSession.open()
  const fleurs = recordings.filter(({ id }) => /^cuttledoc-fleurs-..-00\d$/.test(id)).slice(0, 12)
  const sentences = recordings.filter((one) => isSpoken(one) && one.durationSeconds > 5 && !one.id.includes('--'))
  const clips = fleurs.length > 0 ? fleurs : sentences
  assert.ok(clips.length >= 3)
  const loud = await decodeWhole(clips[0]!.path)
  for (const clip of clips) {
    const samples = await decodeWhole(clip.path)
    const alone = speechOf(await windowsOf(vad, samples))
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    const quiet = samples.map((sample) => (sample / peak) * QUIET_PEAK)
    const windows = await windowsOf(vad, joined([loud, silence(1), quiet]))
    const share = keptSeconds(alone, windows, loud.length / SAMPLE_RATE + 1) / secondsOf(alone)
    t.diagnostic(`${clip.id}, at -40 dB: ${(100 * share).toFixed(1)} % of its speech`)
    assert.ok(share > 0.95, `${clip.id}: only ${share} of its speech`)
  }
})
