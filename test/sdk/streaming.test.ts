/** `stream: true` as OpenAI's own package for JavaScript reads it: text as it is decoded, on real weights. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type OpenAI from 'openai'
import { APIUserAbortError, BadRequestError, NotFoundError, toFile } from 'openai'
import type { TranscriptionStreamEvent, TranscriptionTextDoneEvent } from 'openai/resources/audio'
import {
  type OpenAiService,
  openAiSkip,
  SAID,
  SPEECH,
  speech,
  startOpenAiService,
} from '../helpers/rigs/openai-service.ts'

describe("a stream read by OpenAI's package for JavaScript", { skip: openAiSkip, concurrency: 1 }, () => {
  let service: OpenAiService
  let client: OpenAI

  before(async () => {
    service = await startOpenAiService()
    client = service.client({ maxRetries: 0 })
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('is deltas, then the whole text, which is the deltas joined', async () => {
    const stream = await client.audio.transcriptions.create({
      file: speech(SPEECH.english),
      model: 'whisper-1',
      stream: true,
    })
    const events = await Array.fromAsync(stream)
    assert.equal(events[0]!.type, 'transcript.text.delta')
    const { text, usage } = doneOf(events)
    assert.match(text, SAID.english)
    assert.equal(deltasOf(events), text)
    // The package knows tokens alone here; what is paid for, and what we count, is the duration.
    assert.deepEqual(usage as unknown, { type: 'duration', seconds: SPEECH.secondsOfEnglish })
    for (const event of events) {
      if (event.type !== 'transcript.text.segment') continue
      assert.ok(event.start < event.end && event.end <= SPEECH.secondsOfEnglish + 0.5)
      assert.match(event.text, /\S/)
    }
  })

  test('of a long recording brings text while the service is still at work', async () => {
    const stream = await client.audio.transcriptions.create({
      file: speech(SPEECH.twoMinutes),
      model: 'whisper-1',
      language: SPEECH.languageOfTwoMinutes,
      stream: true,
    })
    const events: TranscriptionStreamEvent[] = []
    for await (const event of stream) {
      events.push(event)
      if (events.length === 1) await service.running(1)
    }
    const nDeltas = events.filter(({ type }) => type === 'transcript.text.delta').length
    assert.ok(nDeltas >= 2, `${nDeltas} deltas`)
    const { text } = doneOf(events)
    assert.match(text, SAID.twoMinutes)
    assert.equal(deltasOf(events), text)
  })

  test('has the log-probabilities of each delta and, at its end, of all', async () => {
    const stream = await client.audio.transcriptions.create({
      file: speech(SPEECH.english),
      model: 'whisper-1',
      include: ['logprobs'],
      stream: true,
    })
    const events = await Array.fromAsync(stream)
    const parts = events.flatMap((event) => (event.type === 'transcript.text.delta' ? (event.logprobs ?? []) : []))
    assert.ok(parts.length > 10)
    assert.deepEqual(doneOf(events).logprobs, parts)
  })

  test('that is refused is refused with its status, before it begins', async () => {
    const noAudio = await toFile(Buffer.from('this is no recording'), 'broken.mp3')
    const create = (file: typeof noAudio, model: string) =>
      client.audio.transcriptions.create({ file, model, stream: true })
    await assert.rejects(create(noAudio, 'whisper-1'), BadRequestError)
    await assert.rejects(create(noAudio, 'no-such-model'), NotFoundError)
  })

  test('that its reader leaves gives the place back', async () => {
    const stream = await client.audio.transcriptions.create({
      file: speech(SPEECH.minute),
      model: 'whisper-1',
      stream: true,
    })
    for await (const event of stream) {
      assert.equal(event.type, 'transcript.text.delta')
      break // the package aborts the request
    }
    await service.running(0)

    const controller = new AbortController()
    const left = async () => {
      const options = { signal: controller.signal }
      const body = { file: speech(SPEECH.minute), model: 'whisper-1', stream: true } as const
      for await (const _event of await client.audio.transcriptions.create(body, options)) controller.abort()
    }
    // The package ends an aborted stream in silence, or says that it was aborted, by where the abort meets it.
    await left().catch((error) => assert.ok(error instanceof APIUserAbortError, String(error)))
    await service.running(0)
  })
})

function deltasOf(events: readonly TranscriptionStreamEvent[]): string {
  return events.map((event) => (event.type === 'transcript.text.delta' ? event.delta : '')).join('')
}

/** The last event, and the only one of its kind. */
function doneOf(events: readonly TranscriptionStreamEvent[]): TranscriptionTextDoneEvent {
  const [done, ...others] = events.filter((event) => event.type === 'transcript.text.done')
  assert.ok(done && others.length === 0)
  assert.equal(events.at(-1), done)
  return done
}
