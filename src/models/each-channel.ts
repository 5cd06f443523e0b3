/** Each channel of a recording transcribed apart, one after the other, and what was said in them put together by time. */

import type { RecordingOptions } from '../audio/index.ts'
import { OptionInvalidError } from '../errors/index.ts'
import { joinTexts, type Segment, type Statistics, type Transcription } from '../transcript/index.ts'

/** The file is read once for each. */
const MOST_APART = 16

/** What is heard of the recording in one run, and who is told. */
export interface ChannelWork {
  readonly hearing: RecordingOptions
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
  readonly onSegments?: ((segments: readonly Segment[]) => void) | undefined
}

type Wish = Pick<RecordingOptions, 'track' | 'onLength'> & Pick<ChannelWork, 'onProgress' | 'onSegments'>

/**
 * Languages are detected in each channel, since two people may speak two. Segments are told at the end, when their order is
 * known; progress is that of all channels together.
 *
 * @param transcribe  does it for one channel.
 * @throws {OptionInvalidError} for a track of more than 16 channels.
 */
export async function transcribeEachChannel(
  transcribe: (work: ChannelWork) => Promise<Transcription>,
  { track, onLength, onProgress, onSegments }: Wish,
): Promise<Transcription> {
  const warnings: string[] = []
  const results: Transcription[] = []
  let found = { track, nChannels: 1 }
  let seconds = 0
  // So much work it is, whatever the clock of the recording says.
  const tellLength = () => onLength?.(seconds * found.nChannels)
  for (let channel = 1; channel <= found.nChannels; channel++) {
    const ofFirst: RecordingOptions = {
      onTrack: (told) => {
        if (told.nChannels > MOST_APART) throw tooMany(told.nChannels)
        found = told
        tellLength()
      },
      onLength: (length) => {
        seconds = length
        tellLength()
      },
      onWarning: (warning) => warnings.push(warning),
    }
    const hearing = { track: found.track, channel, isOneOfAll: true, ...(channel === 1 && ofFirst) }
    const doneBefore = channel - 1
    const result = await transcribe({
      hearing,
      onProgress: (done) => onProgress?.((doneBefore * (results[0]?.durationSeconds ?? 0) + done) / found.nChannels),
    })
    results.push(result)
  }
  const merged = mergeChannels(results)
  if (merged.segments.length > 0) onSegments?.(merged.segments)
  return { ...merged, warnings: [...warnings, ...merged.warnings] }
}

/** Of one channel each, in their order. */
function mergeChannels(results: readonly Transcription[]): Transcription {
  const segments = results
    .flatMap((result, i) => result.segments.map((segment) => inChannel(segment, i + 1)))
    .sort((a, b) => a.start - b.start || a.channel! - b.channel!)
    .map((segment, id) => ({ ...segment, id }))
  // What is said of the whole recording is so of the channel in which most is said.
  const main = results.reduce((most, result) => (result.text.length > most.text.length ? result : most))
  return {
    ...main,
    text: joinTexts(segments),
    durationSeconds: Math.max(...results.map(({ durationSeconds }) => durationSeconds)),
    segments,
    warnings: results.flatMap(({ warnings }, i) => warnings.map((warning) => `Channel ${i + 1}: ${warning}`)),
    statistics: {
      ...totals(results.map(({ statistics }) => statistics)),
      languageVotes: main.statistics.languageVotes,
    },
  }
}

function inChannel(segment: Segment, channel: number): Segment {
  return { ...segment, channel, words: segment.words?.map((word) => ({ ...word, channel })) }
}

function totals(all: readonly Statistics[]): Omit<Statistics, 'languageVotes'> {
  const total = (count: (statistics: Statistics) => number) =>
    all.reduce((sum, statistics) => sum + count(statistics), 0)
  return {
    windows: total(({ windows }) => windows),
    removedSeconds: total(({ removedSeconds }) => removedSeconds),
    contextRepeats: total(({ contextRepeats }) => contextRepeats),
    temperatureRetries: total(({ temperatureRetries }) => temperatureRetries),
    coverageRetries: total(({ coverageRetries }) => coverageRetries),
  }
}

function tooMany(nChannels: number): OptionInvalidError {
  const allowed = `mix or one of 1 to ${nChannels}: the track has ${nChannels} channels, and at most ${MOST_APART} are heard apart`
  return new OptionInvalidError('channel', 'each', allowed)
}
