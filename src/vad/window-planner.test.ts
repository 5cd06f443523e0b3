import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SAMPLE_RATE, WINDOW_SECONDS } from '../whisper-constants.ts'
import { FRAME_SAMPLES, type Frame } from './frames.ts'
import type { SpeechOptions } from './options.ts'
import { SpanFinder } from './speech-spans.ts'
import { type WindowPlan, WindowPlanner } from './window-planner.ts'

const WINDOW_SAMPLES = WINDOW_SECONDS * SAMPLE_RATE
/** A window of at most 30 s waits for at most twice the longest padding to learn where it ends; and one frame. */
const MOST_NEEDED = WINDOW_SAMPLES + 20 * SAMPLE_RATE + FRAME_SAMPLES

/** All that HTTP and the command line allow. */
const anyOptions: fc.Arbitrary<SpeechOptions> = fc.record({
  threshold: fc.double({ min: 0, max: 1, noNaN: true }),
  minSpeechDurationMs: fc.integer({ min: 0, max: 60_000 }),
  minSilenceDurationMs: fc.integer({ min: 0, max: 60_000 }),
  speechPadMs: fc.integer({ min: 0, max: 10_000 }),
  maxSpeechDurationS: fc.double({ min: 1, max: 30, noNaN: true }),
})

/** Stretches of frames that sound alike, up to three minutes of them. */
const anyFrames: fc.Arbitrary<Frame[]> = fc
  .tuple(
    fc.array(
      fc.tuple(fc.constantFrom(-1, 0, 0.05, 0.3, 0.6, 1), fc.integer({ min: 1, max: 1500 }), fc.nat({ max: 9 })),
      { minLength: 1, maxLength: 12 },
    ),
    fc.integer({ min: 1, max: FRAME_SAMPLES }),
  )
  .map(([stretches, nLast]) => {
    const frames = stretches.flatMap(([probability, n, energy]) =>
      Array.from({ length: n }, (_, i) => ({ nSamples: FRAME_SAMPLES, probability, energy: energy + (i % 7) })),
    )
    return frames.with(-1, { ...frames.at(-1)!, nSamples: nLast })
  })

interface Planned {
  readonly plans: readonly WindowPlan[]
  /** Samples that were needed at a time, at most. */
  readonly mostNeeded: number
}

/** Throws when a window reaches behind what the planner said it would still need. */
function plan(frames: readonly Frame[], options: SpeechOptions): Planned {
  const planner = new WindowPlanner(options)
  const plans: WindowPlan[] = []
  let heard = 0
  let mostNeeded = 0
  let neededFrom = 0
  const take = (added: readonly WindowPlan[]) => {
    for (const window of added) assert.ok(window.start >= neededFrom, 'what a window needs is still there')
    plans.push(...added)
  }
  for (const frame of frames) {
    take(planner.push(frame))
    heard += frame.nSamples
    assert.ok(planner.neededFrom >= neededFrom, 'what is not needed is never needed again')
    neededFrom = planner.neededFrom
    mostNeeded = Math.max(mostNeeded, heard - neededFrom)
  }
  take(planner.end())
  return { plans, mostNeeded }
}

/** The finest spans of speech, before they are joined and cut. */
function spansOf(frames: readonly Frame[], threshold: number) {
  const finder = new SpanFinder(threshold)
  const spans = frames.flatMap(({ probability }) => finder.push(probability) ?? [])
  const nSamples = frames.reduce((sum, frame) => sum + frame.nSamples, 0)
  return [...spans, finder.end(nSamples) ?? []].flat()
}

test('windows are in order, apart, and no longer than the encoder takes, whatever is heard', () => {
  fc.assert(
    fc.property(anyFrames, anyOptions, (frames, options) => {
      let last = 0
      for (const { start, end, speech } of plan(frames, options).plans) {
        assert.ok(start >= last && end > start)
        assert.ok(end - start <= WINDOW_SAMPLES)
        assert.ok(speech.length > 0 && speech[0]!.start >= start && speech.at(-1)!.end <= end)
        last = end
      }
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('all speech is in a window, where none is too short to keep', () => {
  fc.assert(
    fc.property(anyFrames, anyOptions, (frames, given) => {
      const options = { ...given, minSpeechDurationMs: 0 }
      const covered = plan(frames, options).plans.flatMap(({ speech }) => speech)
      const seconds = (spans: readonly { start: number; end: number }[]) =>
        spans.reduce((sum, { start, end }) => sum + end - start, 0)
      assert.equal(seconds(covered), seconds(spansOf(frames, options.threshold)))
    }),
    { numRuns: 60, seed: 2 },
  )
})

test('less than a minute of samples is needed at any time', () => {
  fc.assert(
    fc.property(anyFrames, anyOptions, (frames, options) => {
      const { mostNeeded } = plan(frames, options)
      assert.ok(mostNeeded <= MOST_NEEDED, `${mostNeeded / SAMPLE_RATE} s`)
    }),
    { numRuns: 60, seed: 3 },
  )
})
