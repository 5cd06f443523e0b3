/**
 * Channels → one, so that no voice in any of them is lost: the weighted sum, unless the channels cancel each other out in it.
 * docs/decisions/0033 has the rule's reasons and numbers.
 */

import { type ChannelLayout, mixWeights } from './channels.ts'
import { inSteps } from './steps.ts'

/** Frames that are judged together, about half a second: a change of the rule begins with one. */
const STEP_FRAMES = 8192
/** Steps that are heard ahead, about four seconds. */
const STEPS_AHEAD = 8
/** At the end of a recording fewer are left; one alone is too short to tell a vowel from a wrong cable. */
const LEAST_STEPS = 2
/** 20 ms, in which one rule gives way to the other without a click. */
const FADE_FRAMES = 320

/** The mix has less than this part of the energy that its channels would have, were they independent. */
const CANCELLED = 0.4
/** From this part on it is trusted again. */
const SOUND = 0.6
/** Or less than this part of the loudest channel's, which then has no place in the mix: that of low frequencies. */
const LEFT_OUT = 1e-5
/** A step with less than this part of the usual energy is a pause, which decides nothing. */
const PAUSE = 0.01
/** Another channel has to be so much louder than the one that is heard to take its place. */
const MUCH_LOUDER = 10

interface Energies {
  /** Of the weighted sum. */
  readonly mix: number
  /** Of the weighted channels, added up: the mix has it where they are independent. */
  readonly apart: number
  /** Of each channel. */
  readonly channels: Float64Array
}

interface Step extends Energies {
  /** [N × channels] */
  readonly frames: Float32Array
  /** [N] the weighted sum. */
  readonly mixed: Float32Array
}

/**
 * Hears about four seconds ahead, and holds no more. What it does at a place depends on the samples alone, not on how the
 * stream was cut into chunks.
 *
 * @param chunks  [N × channels] interleaved, whole frames, finite.
 * @returns       chunks of [N] samples, N > 0, of any magnitude.
 */
export async function* mixed(
  chunks: AsyncIterable<Float32Array>,
  layout: ChannelLayout,
): AsyncGenerator<Float32Array, void, undefined> {
  const weights = mixWeights(layout)
  const mixer = new Mixer(layout.nChannels)
  const ahead: Step[] = []
  for await (const frames of inSteps(chunks, STEP_FRAMES * layout.nChannels)) {
    ahead.push(measured(frames, weights))
    if (ahead.length >= STEPS_AHEAD) yield mixer.next(ahead)
  }
  while (ahead.length > 0) yield mixer.next(ahead)
}

/** One channel of several. @param channel  counted from 1. */
export async function* picked(
  chunks: AsyncIterable<Float32Array>,
  { nChannels }: ChannelLayout,
  channel: number,
): AsyncGenerator<Float32Array, void, undefined> {
  for await (const frames of chunks) yield channelOf(frames, nChannels, channel - 1)
}

/** What is heard: the mix, or one channel by its index. */
type Heard = 'mix' | number

class Mixer {
  readonly #nChannels: number
  #heard: Heard | undefined

  constructor(nChannels: number) {
    this.#nChannels = nChannels
  }

  /** Takes the first step off the queue, whose others are what follows it. */
  next(ahead: Step[]): Float32Array {
    const before = this.#heard
    const step = ahead[0]! // a step is asked for only where there is one
    this.#heard = this.#decide(step, ahead)
    ahead.shift()
    const samples = this.#samplesOf(step, this.#heard)
    if (before !== undefined && before !== this.#heard) fade(this.#samplesOf(step, before), samples)
    return samples
  }

  /**
   * A change needs both the step, which says where it begins, and all that is heard ahead, which says that it is no vowel
   * whose waves happen to meet two microphones in opposite phase.
   */
  #decide(step: Step, ahead: readonly Step[]): Heard {
    const following = summed(ahead)
    const heard = this.#heard
    if (heard === undefined) return isCancelled(following) ? loudest(following) : 'mix'
    if (ahead.length < LEAST_STEPS || energyOf(step) * ahead.length < PAUSE * energyOf(following)) return heard
    if (heard === 'mix') return isCancelled(step) && isCancelled(following) ? loudest(following) : 'mix'
    if (isSound(step) && isSound(following)) return 'mix'
    const louder = loudest(following)
    const isLouder = ({ channels }: Energies) => channels[louder]! > MUCH_LOUDER * channels[heard]!
    return isLouder(step) && isLouder(following) ? louder : heard
  }

  #samplesOf({ frames, mixed }: Step, heard: Heard): Float32Array {
    return heard === 'mix' ? mixed : channelOf(frames, this.#nChannels, heard)
  }
}

function isCancelled({ mix, apart, channels }: Energies): boolean {
  return mix < CANCELLED * apart || mix < LEFT_OUT * Math.max(...channels)
}

function isSound({ mix, apart, channels }: Energies): boolean {
  return mix >= SOUND * apart && mix >= LEFT_OUT * Math.max(...channels)
}

function loudest({ channels }: Energies): number {
  return channels.indexOf(Math.max(...channels))
}

function energyOf({ channels }: Energies): number {
  return channels.reduce((sum, energy) => sum + energy, 0)
}

function summed(steps: readonly Energies[]): Energies {
  const channels = new Float64Array(steps[0]?.channels.length ?? 0)
  let [mix, apart] = [0, 0]
  for (const step of steps) {
    mix += step.mix
    apart += step.apart
    for (const [i, energy] of step.channels.entries()) channels[i]! += energy
  }
  return { mix, apart, channels }
}

function measured(frames: Float32Array, weights: Float64Array): Step {
  const nChannels = weights.length
  const channels = new Float64Array(nChannels)
  const mixed = new Float32Array(frames.length / nChannels) // [N]
  let mix = 0
  for (let i = 0, at = 0; i < mixed.length; i++) {
    let sum = 0
    for (let c = 0; c < nChannels; c++, at++) {
      const sample = frames[at]! // at < frames.length
      sum += weights[c]! * sample
      channels[c]! += sample * sample
    }
    mixed[i] = sum
    mix += sum * sum
  }
  const apart = channels.reduce((total, energy, c) => total + weights[c]! ** 2 * energy, 0)
  return { frames, mixed, mix, apart, channels }
}

function channelOf(frames: Float32Array, nChannels: number, channel: number): Float32Array {
  const samples = new Float32Array(frames.length / nChannels)
  for (let i = 0, at = channel; i < samples.length; i++, at += nChannels) samples[i] = frames[at]!
  return samples
}

/** Begins `samples` with what was heard before, less and less of it. */
function fade(before: Float32Array, samples: Float32Array): void {
  const nFrames = Math.min(FADE_FRAMES, samples.length)
  for (let i = 0; i < nFrames; i++) {
    const share = (i + 1) / (nFrames + 1)
    samples[i] = share * samples[i]! + (1 - share) * before[i]!
  }
}
