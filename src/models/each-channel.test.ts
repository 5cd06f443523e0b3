/** Channels that are transcribed apart, and put together. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { readSrt, readVtt } from '../../test/helpers/judges/subtitle-readers.ts'
import type { Segment, Transcription } from '../transcript/index.ts'
import { writeSrt, writeTsv, writeVtt } from '../transcript/subtitles.ts'
import { type ChannelWork, transcribeEachChannel } from './each-channel.ts'

const LEFT = transcriptionOf([spokenSegment(' Good morning.', 1), spokenSegment(' Thank you very much.', 5)], {
  language: 'en',
  languageProbability: 0.9,
  durationSeconds: 10,
  warnings: ['1 of 2 segments are doubtful; see their quality.'],
})
const RIGHT = transcriptionOf([spokenSegment(' Bom dia.', 1.25)], { language: 'pt', durationSeconds: 10 })
const SILENT = transcriptionOf([], { language: 'en', durationSeconds: 10 })

/** Answers for each channel in its order, as a recording of these channels would. */
function recordingOf(...channels: readonly Transcription[]) {
  const asked: ChannelWork['hearing'][] = []
  const transcribe = async ({ hearing, onProgress }: ChannelWork) => {
    asked.push(hearing)
    hearing.onTrack?.({ track: 2, nChannels: channels.length })
    hearing.onLength?.(10)
    hearing.onWarning?.('The recording is damaged.')
    onProgress?.(5)
    onProgress?.(10)
    return channels[asked.length - 1]!
  }
  return { asked, transcribe }
}

test('what people say on two channels comes out as two, by time, each with its channel', async () => {
  const { asked, transcribe } = recordingOf(LEFT, RIGHT)
  const [progress, lengths, told]: [number[], number[], (readonly Segment[])[]] = [[], [], []]
  const result = await transcribeEachChannel(transcribe, {
    onProgress: (seconds) => progress.push(seconds),
    onLength: (seconds) => lengths.push(seconds),
    onSegments: (segments) => told.push(segments),
  })

  assert.deepEqual(
    result.segments.map(({ id, text, channel, words }) => [
      id,
      text,
      channel,
      words?.every((w) => w.channel === channel),
    ]),
    [
      [0, ' Good morning.', 1, true],
      [1, ' Bom dia.', 2, true],
      [2, ' Thank you very much.', 1, true],
    ],
  )
  assert.equal(result.text, 'Good morning. Bom dia. Thank you very much.')
  assert.equal(result.language, 'en')
  assert.equal(result.durationSeconds, 10)
  assert.deepEqual(result.warnings, [
    'The recording is damaged.',
    'Channel 1: 1 of 2 segments are doubtful; see their quality.',
  ])
  assert.equal(result.statistics.windows, 2)
  assert.deepEqual(progress, [2.5, 5, 7.5, 10])
  assert.equal(lengths.at(-1), 20, 'the work is that of twenty seconds')
  assert.deepEqual(told, [result.segments])
  assert.deepEqual(
    asked.map(({ track, channel, isOneOfAll }) => ({ track, channel, isOneOfAll })),
    [
      { track: undefined, channel: 1, isOneOfAll: true },
      { track: 2, channel: 2, isOneOfAll: true },
    ],
  )
})

test('silent channels add nothing, and one channel is one', async () => {
  const { segments, language } = await transcribeEachChannel(recordingOf(SILENT, RIGHT, SILENT).transcribe, {})
  assert.deepEqual(
    segments.map(({ channel }) => channel),
    [2],
  )
  assert.equal(language, 'pt')
  const silent = await transcribeEachChannel(recordingOf(SILENT).transcribe, {})
  assert.deepEqual([silent.text, silent.segments], ['', []])
})

test('more than sixteen channels are refused before any is transcribed', async () => {
  const { transcribe } = recordingOf(...Array.from({ length: 17 }, () => SILENT))
  await assert.rejects(transcribeEachChannel(transcribe, {}), { code: 'ASR_OPTION_INVALID', param: 'channel' })
})

test('subtitles say who speaks, and cues of two channels may overlap', async () => {
  const result = await transcribeEachChannel(recordingOf(LEFT, RIGHT).transcribe, {})
  const overlapping = [
    { from: 1000, to: 2200 },
    { from: 1250, to: 2450 },
    { from: 5000, to: 7200 },
  ]
  for (const layout of [{}, { maxLineWidth: 40 }]) {
    const vtt = writeVtt(result, layout)
    assert.match(vtt, /<v Channel 1>Good morning\.\n/)
    assert.deepEqual(
      readVtt(vtt).map(({ from, to }) => ({ from, to })),
      overlapping,
    )
    assert.deepEqual(
      readSrt(writeSrt(result, layout)).map(({ text }) => text),
      ['[1] Good morning.', '[2] Bom dia.', '[1] Thank you very much.'],
    )
  }
  assert.match(writeTsv(result), /^1250\t2250\t\[2\] Bom dia\.$/m)
  assert.doesNotMatch(writeVtt(LEFT) + writeSrt(LEFT) + writeTsv(LEFT), /Channel|\[1\]/)
})
