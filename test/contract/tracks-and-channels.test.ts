/** `track` and `channel` at every door: they reach the engine, wrong ones are refused, and answers say who spoke where. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../helpers/builders/transcriptions.ts'
import { scriptedSuite } from '../helpers/rigs/scripted-suite.ts'

const [LEFT, RIGHT] = [spokenSegment(' Bom dia.', 0), spokenSegment(' Boa tarde.', 0.5)]
const inChannel = (segment: typeof LEFT, channel: number) => ({
  ...segment,
  channel,
  words: segment.words?.map((word) => ({ ...word, channel })),
})
const SPOKEN = transcriptionOf([inChannel(LEFT, 1), inChannel(RIGHT, 2)])

interface Door {
  readonly path: string
  readonly file: string
  readonly isQuery?: boolean
  /** Fields that ask for all that is known of segments. */
  readonly detailed: Readonly<Record<string, string>>
}

const DOORS: readonly Door[] = [
  { path: '/transcribe', file: 'file', detailed: { response_format: 'verbose_json', word_timestamps: 'true' } },
  { path: '/v1/audio/transcriptions', file: 'file', detailed: { response_format: 'verbose_json' } },
  { path: '/v1/audio/translations', file: 'file', detailed: { response_format: 'verbose_json' } },
  { path: '/inference', file: 'file', detailed: { response_format: 'verbose_json' } },
  { path: '/asr', file: 'audio_file', isQuery: true, detailed: { output: 'json', word_timestamps: 'true' } },
]

describe('track and channel', () => {
  const suite = scriptedSuite(async () => SPOKEN)
  const { transcriber } = suite

  async function post(
    { path, file, isQuery }: Pick<Door, 'path' | 'file' | 'isQuery'>,
    fields: Record<string, string>,
  ) {
    const form = new FormData()
    if (!isQuery) for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set(file, new Blob(['bom dia']), 'nota.ogg')
    const query = isQuery ? `?${new URLSearchParams(fields)}` : ''
    const response = await fetch(`${suite.service.baseUrl}${path}${query}`, { method: 'POST', body: form })
    return { status: response.status, body: await response.text() }
  }

  for (const door of DOORS) {
    test(`reach the engine from ${door.path}`, async () => {
      for (const [given, expected] of [
        [
          { track: '2', channel: 'each' },
          { track: 2, channel: 'each' },
        ],
        [{ channel: '3' }, { channel: 3 }],
        [{ channel: 'mix' }, { channel: 'mix' }],
        [{ track: '', channel: '' }, {}],
      ] as const) {
        assert.equal((await post(door, given)).status, 200)
        const { track, channel } = transcriber.requests.at(-1)!.options!
        assert.deepEqual({ track, channel }, { track: undefined, channel: undefined, ...expected })
      }
    })

    test(`are refused by ${door.path} where they are malformed`, async () => {
      for (const [field, values] of [
        ['track', ['0', '-1', '1.5', 'first', '1001']],
        ['channel', ['0', '65', '1.5', 'left', 'each,1']],
      ] as const) {
        for (const value of values) {
          const { status, body } = await post(door, { [field]: value })
          assert.equal(status, 400)
          assert.match(body, new RegExp(`Option ${field} has the value '${value}', which is not allowed: use `))
        }
      }
      assert.equal(transcriber.requests.length, 0)
    })

    test(`${door.path} says of segments and words in which channel they are`, async () => {
      const { segments } = JSON.parse((await post(door, { ...door.detailed, channel: 'each' })).body) as {
        segments: { channel: number; words?: { channel?: number }[] }[]
      }
      assert.deepEqual(
        segments.map(({ channel }) => channel),
        [1, 2],
      )
    })
  }

  test('words of verbose_json have their channel', async () => {
    const fields = { response_format: 'verbose_json', 'timestamp_granularities[]': 'word' }
    const { words } = JSON.parse((await post(DOORS[1]!, fields)).body) as { words: { channel: number }[] }
    assert.deepEqual(
      words.map(({ channel }) => channel),
      [1, 1, 2, 2],
    )
  })

  test('streamed segments have their channel', async () => {
    transcriber.script = async (request) => {
      request.onSegments?.(SPOKEN.segments)
      return SPOKEN
    }
    const { body } = await post(DOORS[1]!, { response_format: 'verbose_json', stream: 'true' })
    assert.deepEqual(
      Array.from(body.matchAll(/"type":"transcript\.text\.segment".*"channel":(\d)\}/g), ([, channel]) => channel),
      ['1', '2'],
    )
  })

  for (const door of [
    { path: '/v1/audio/detect-language', file: 'file' },
    { path: '/detect-language', file: 'audio_file', isQuery: true },
  ]) {
    test(`${door.path} listens to one channel`, async () => {
      assert.equal((await post(door, { track: '2', channel: '1' })).status, 200)
      const { status, body } = await post(door, { channel: 'each' })
      assert.equal(status, 400)
      assert.match(body, /Option channel has the value 'each'.* use mix, or a whole number from 1 to 64/)
    })
  }
})
