/** A recording of any length → text: windows, batches, the guard of the adaptive context, segments. */

import { SAMPLE_RATE } from '../audio/index.ts'
import { type DecodedWindow, isWrittenWithoutSpaces } from '../decode/index.ts'
import type { Segment, Transcription } from '../transcript/index.ts'
import { adaptiveContext, FULL_CONTEXT } from './audio-context.ts'
import type { WindowDecodeOptions, WindowModel } from './window-model.ts'
import { cutWindows, type Window } from './windows.ts'

/** Thresholds of openai/whisper:whisper/transcribe.py for a result that is not to be trusted. */
const COMPRESSION_RATIO_THRESHOLD = 2.4
const LOGPROB_THRESHOLD = -1
const NO_SPEECH_THRESHOLD = 0.6

/** Below this peak (-66 dB) a window is digital silence or a muted microphone; models invent words there. */
const SILENCE_PEAK = 5e-4

export interface LongFormOptions extends WindowDecodeOptions {
  /** Told after each batch how much of the recording is done. */
  readonly onProgress?: (doneSeconds: number) => void
}

/**
 * Transcribes a whole recording, holding one batch of windows at a time.
 *
 * @param samples  the recording at 16 kHz, in pieces of any length.
 */
export async function transcribeLongForm(
  samples: AsyncIterable<Float32Array>,
  model: WindowModel,
  options: LongFormOptions,
): Promise<Transcription> {
  const decoded: { readonly window: Window; readonly result: DecodedWindow }[] = []
  let language = options.language
  let nSamples = 0

  for await (const batch of batches(cutWindows(samples), model.batchSize)) {
    const spoken = batch.filter(({ samples }) => !isSilent(samples))
    for (const group of byContext(spoken)) {
      const results = await decodeGuarded(model, group, { ...options, language })
      // The recording's first speech decides the language of the rest.
      language ??= results[0]!.language
      group.forEach((window, i) => {
        decoded.push({ window, result: results[i]! })
      })
    }
    nSamples += batch.reduce((sum, window) => sum + window.samples.length, 0)
    options.onProgress?.(nSamples / SAMPLE_RATE)
  }

  const segments = decoded
    .filter(({ result }) => !isNoSpeech(result) && result.text.trim() !== '')
    .sort((a, b) => a.window.startSeconds - b.window.startSeconds)
    .map(({ window, result }, id) => toSegment(id, window, result))
  const separator = isWrittenWithoutSpaces(language ?? '') ? '' : ' '
  return {
    task: 'transcribe',
    languageProbability: undefined,
    warnings: [],
    statistics: {
      windows: decoded.length,
      removedSeconds: 0,
      contextRepeats: 0,
      temperatureRetries: 0,
      coverageRetries: 0,
      languageVotes: [],
    },
    text: segments.map((segment) => segment.text.trim()).join(separator),
    // Nothing was said, so nothing was detected either; Whisper's own default stands in.
    language: language ?? 'en',
    durationSeconds: nSamples / SAMPLE_RATE,
    segments,
  }
}

/**
 * Decodes windows at their adaptive context, and once more at the full one where the result shows the signs of a
 * context that was too short: a loop, text that compresses too well, or little confidence.
 */
async function decodeGuarded(
  model: WindowModel,
  windows: readonly Window[],
  options: WindowDecodeOptions,
): Promise<DecodedWindow[]> {
  const audioContext = contextOf(windows[0]!)
  const samples = windows.map((window) => window.samples)
  const results = await model.decode(samples, audioContext, options)
  if (audioContext === FULL_CONTEXT) return results

  for (const [i, result] of results.entries()) {
    if (!isDoubtful(result)) continue
    const language = options.language ?? results[0]!.language
    const [redone] = await model.decode([samples[i]!], FULL_CONTEXT, { ...options, language })
    results[i] = redone!
  }
  return results
}

function isDoubtful(result: DecodedWindow): boolean {
  return (
    result.ended === 'loop' ||
    result.compressionRatio > COMPRESSION_RATIO_THRESHOLD ||
    result.avgLogprob < LOGPROB_THRESHOLD
  )
}

function isNoSpeech(result: DecodedWindow): boolean {
  return result.noSpeechProb > NO_SPEECH_THRESHOLD && result.avgLogprob < LOGPROB_THRESHOLD
}

function isSilent(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENCE_PEAK)
}

function contextOf(window: Window): number {
  return adaptiveContext(window.samples.length)
}

/** Windows that get the same context, in the order of their first; only such can be one batch. */
function byContext(windows: readonly Window[]): Window[][] {
  return [...Map.groupBy(windows, contextOf).values()]
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function toSegment(id: number, window: Window, result: DecodedWindow): Segment {
  return {
    id,
    start: window.startSeconds,
    end: window.startSeconds + window.samples.length / SAMPLE_RATE,
    text: result.text,
    tokens: result.tokens,
    temperature: 0,
    avgLogprob: result.avgLogprob,
    compressionRatio: result.compressionRatio,
    noSpeechProb: result.noSpeechProb,
    words: undefined,
    quality: 'ok',
    retries: 0,
    language: result.language,
  }
}
