/**
 * Samples of any magnitude → samples in [-1, 1] at a level at which speech is heard. Ordinary recordings pass as they are;
 * docs/decisions/0033 has the rule's reasons and numbers.
 */

import { type FrameLevels, levelsOfFrames } from '../frame-levels.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { clip } from './samples.ts'
import { inSteps } from './steps.ts'

/** 20 ms: the measure of loudness is the peak of such a frame. In samples of each channel. */
const FRAME_LENGTH = SAMPLE_RATE / 50
/** Gains hold for half a second. In samples of each channel. */
const STEP_LENGTH = 8192
/** Half a minute is heard ahead, at most, for the gain of a recording that is too quiet or too loud. */
const MOST_STEPS_AHEAD = Math.ceil((30 * SAMPLE_RATE) / STEP_LENGTH)

/** So many frames may be louder than the level, 0.12 s: clicks and plugs, which are shorter than any word. */
const CLICK_FRAMES = 6
/** And no more than this part of all frames, since a clip may be one word. */
const MOST_CLICKS = 0.25
/** -86 dBFS: what is below is the rounding of 16 bits, or nothing. */
const FLOOR = 5e-5
/** -40 dBFS: what is above is heard as it is. */
const QUIET = 0.01
/** +3.5 dBFS: lossy codecs overshoot by less, and are clipped, as the 16 bits were that the models were trained on. */
const LOUD = 1.5
/** Speech has its weakest fifth of frames far below its loudest; hiss and hum, 6 dB at most. */
const LEAST_VARIATION = 2
const WEAK_SHARE = 0.2

/** -6 dBFS, to which quiet recordings are raised, and too loud ones lowered: as loud as most are. */
const USUAL = 0.5
/** A raised recording that has so many ordinary frames, 3 s, is not quiet after all. */
const ORDINARY_FRAMES = 150
/** A gain for what was too loud is kept so long, 10 s, lest it pump; but not in a raised recording, of which it takes all. */
const HELD_STEPS = 20

/**
 * Recordings whose level is ordinary are clipped to [-1, 1], and else left alone, bit for bit. Others get one gain by what is
 * heard of them in up to half a minute from the first sound on; later passages that would be far too loud with it get less.
 *
 * @param chunks   [N × channels] finite samples of any magnitude; all channels get the gain of the loudest.
 * @param onSound  told once, when something that may be speech has been heard, before it is given.
 * @returns        chunks of [N × channels] samples in [-1, 1], N > 0, the same however the stream was cut.
 */
export async function* levelled(
  chunks: AsyncIterable<Float32Array>,
  { nChannels = 1, onSound }: { readonly nChannels?: number; readonly onSound?: (() => void) | undefined } = {},
): AsyncGenerator<Float32Array, void, undefined> {
  const frameSamples = FRAME_LENGTH * nChannels
  const leveller = new Leveller(frameSamples)
  /** What waits for the gain. */
  const ahead: Step[] = []
  for await (const samples of inSteps(chunks, STEP_LENGTH * nChannels)) {
    const step = { samples, ...levelsOfFrames(samples, frameSamples) }
    const wasDecided = leveller.isDecided
    if (!wasDecided && ahead.length === 0 && loudestOf(step) < FLOOR) {
      yield leveller.apply(step)
      continue
    }
    ahead.push(step)
    const isWhole = ahead.length >= MOST_STEPS_AHEAD
    if (!wasDecided) {
      leveller.decide(ahead, isWhole)
      if (leveller.isDecided) onSound?.()
      else if (!isWhole) continue
    }
    for (const waiting of ahead.splice(0)) yield leveller.apply(waiting)
  }
  if (ahead.length > 0 && !leveller.isDecided) {
    leveller.decide(ahead, true)
    if (leveller.isDecided) onSound?.()
  }
  for (const waiting of ahead) yield leveller.apply(waiting)
}

interface Step extends FrameLevels {
  readonly samples: Float32Array
}

class Leveller {
  readonly #frameSamples: number
  /** Of the whole recording; undefined until something has been heard that tells it. */
  #base: number | undefined
  #nOrdinary = 0
  /** What the last steps allowed at most, the newest last. */
  readonly #limits: number[] = []
  #gain = 1

  constructor(frameSamples: number) {
    this.#frameSamples = frameSamples
  }

  get isDecided(): boolean {
    return this.#base !== undefined
  }

  /** @param isWhole  no more will be heard before the gain has to be known. */
  decide(ahead: readonly Step[], isWhole: boolean): void {
    const level = levelOf(ahead)
    if (level >= QUIET && level <= LOUD) this.#base = 1
    else if (!isWhole || level < FLOOR) return
    else if (level > LOUD || varies(ahead)) this.#base = USUAL / level
    this.#gain = this.#base ?? 1 // from here on at once: what was before it was no sound
  }

  /** The step's samples, which are changed in place. */
  apply(step: Step): Float32Array {
    const before = this.#gain
    this.#gain = this.#gainFor(step)
    const { samples } = step
    if (before !== 1 || this.#gain !== 1) scale(samples, { before, gain: this.#gain, nFading: this.#frameSamples })
    clip(samples)
    return samples
  }

  #gainFor(step: Step): number {
    if (this.#base !== undefined && this.#base > 1) {
      this.#nOrdinary += step.peaks.reduce((n, peak) => (peak >= QUIET ? n + 1 : n), 0)
      if (this.#nOrdinary > ORDINARY_FRAMES) this.#base = 1
    }
    const base = this.#base ?? 1
    const level = levelOf([step])
    this.#limits.push(level * base > LOUD ? USUAL / level : Number.POSITIVE_INFINITY)
    if (this.#limits.length > HELD_STEPS) this.#limits.shift()
    return Math.min(base, ...(base > 1 ? this.#limits.slice(-1) : this.#limits))
  }
}

/** Peak of the loudest frame but for those that may be a click. */
function levelOf(steps: readonly FrameLevels[]): number {
  return withoutClicks(Float64Array.from(steps.flatMap(({ peaks }) => [...peaks])).sort())
}

/** @param sorted  a value for each frame. */
function withoutClicks(sorted: Float64Array): number {
  const nClicks = Math.min(CLICK_FRAMES, Math.floor(sorted.length * MOST_CLICKS))
  return sorted[sorted.length - 1 - nClicks] ?? 0
}

function loudestOf({ peaks }: FrameLevels): number {
  return Math.max(...peaks)
}

/** Whether there is more in it than a noise that goes on. By energies, since the peaks of rounded noise jump. */
function varies(steps: readonly FrameLevels[]): boolean {
  const sorted = Float64Array.from(steps.flatMap(({ energies }) => [...energies])).sort()
  const weak = sorted[Math.floor(sorted.length * WEAK_SHARE)] ?? 0
  return withoutClicks(sorted) > LEAST_VARIATION ** 2 * weak
}

/** From one gain to the other within a frame; a lower one holds at once, since what asks for it would be clipped. */
function scale(
  samples: Float32Array,
  { before, gain, nFading }: { readonly before: number; readonly gain: number; readonly nFading: number },
): void {
  for (let i = 0; i < samples.length; i++) {
    const share = before < gain ? Math.min(1, (i + 1) / nFading) : 1
    samples[i] = samples[i]! * (share * gain + (1 - share) * before)
  }
}
