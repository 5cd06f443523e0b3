/** The named settings that bench/wer.ts compares: ours, and those of the peer with the same weights. */

import type { GivenOptions } from '../src/whisper/options.ts'

/** Our own pipeline, by the pool that the service uses. */
export interface OwnSet {
  readonly system: 'paradox'
  readonly options: GivenOptions
}

/** SYSTRAN/faster-whisper; `options` are the keyword arguments of its `transcribe`, the rest keeps its defaults. */
export interface FasterWhisperSet {
  readonly system: 'faster-whisper'
  readonly computeType: 'int8' | 'float32'
  readonly isBatched: boolean
  readonly options: Readonly<Record<string, boolean | number>>
}

export type WerSet = OwnSet | FasterWhisperSet

const own = (options: GivenOptions): OwnSet => ({ system: 'paradox', options })

const peer = (computeType: 'int8' | 'float32', options: FasterWhisperSet['options'], isBatched = false) =>
  ({ system: 'faster-whisper', computeType, isBatched, options }) satisfies FasterWhisperSet

export const SETS: Readonly<Record<string, WerSet>> = {
  default: own({}),
  greedy: own({ beam_size: 1 }),
  'no-ladder': own({ temperature: [0] }),
  beam2: own({ beam_size: 2 }),
  beam3: own({ beam_size: 3 }),
  full: own({ audio_context: 'full' }),
  'no-vad': own({ vad_filter: false }),
  tokens: own({ timestamps: 'tokens' }),
  // As the peer works by default, so that times can be compared.
  'tokens-plain': own({
    timestamps: 'tokens',
    vad_filter: false,
    audio_context: 'full',
    condition_on_previous_text: true,
  }),
  words: own({ word_timestamps: true }),
  'tokens-words': own({ timestamps: 'tokens', word_timestamps: true }),
  sequential: own({ condition_on_previous_text: true }),

  'fw-int8-beam1': peer('int8', { beam_size: 1 }),
  'fw-int8-beam5': peer('int8', { beam_size: 5 }),
  'fw-float32-beam1': peer('float32', { beam_size: 1 }),
  'fw-float32-beam5': peer('float32', { beam_size: 5 }),
  'fw-vad-int8-beam1': peer('int8', { beam_size: 1, vad_filter: true }),
  'fw-vad-int8-beam5': peer('int8', { beam_size: 5, vad_filter: true }),
  'fw-vad-float32-beam5': peer('float32', { beam_size: 5, vad_filter: true }),
  // The same texts are not to be expected: word times also steer where the next window starts.
  'fw-words-float32-beam5': peer('float32', { beam_size: 5, word_timestamps: true }),
  // Batching needs speech to be found first, so its VAD is on by default.
  'fw-batched-int8-beam1': peer('int8', { beam_size: 1 }, true),
  'fw-batched-int8-beam5': peer('int8', { beam_size: 5 }, true),
}

/** The settings that make this set, by the names that its system gives them. */
export function settingsOf(set: WerSet): Readonly<Record<string, unknown>> {
  if (set.system === 'paradox') return set.options
  return { compute_type: set.computeType, ...(set.isBatched && { batched: true }), ...set.options }
}

/** What `make bench-wer` compares when nothing is named. */
export const USUAL_SETS = ['default', 'greedy', 'full', 'fw-int8-beam1', 'fw-int8-beam5'] as const
