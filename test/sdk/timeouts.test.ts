/** Clients that lose patience: a retry joins the work that runs, and whoever leaves for good frees the place at once. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { APIConnectionTimeoutError, APIUserAbortError } from 'openai'
import {
  type OpenAiService,
  openAiSkip,
  SAID,
  SPEECH,
  speech,
  speechInMemory,
  startOpenAiService,
} from '../helpers/rigs/openai-service.ts'

const ROUTE = '/v1/audio/transcriptions'
/** What a client that goes away may keep its place for. */
const FREED_WITHIN_MS = 1000

describe("a client of OpenAI's that loses patience", { skip: openAiSkip, concurrency: 1 }, () => {
  let service: OpenAiService
  const long = async () => ({ file: await speechInMemory(SPEECH.minute), model: 'whisper-1', language: 'en' })
  /** Recordings that an engine has taken up. */
  const nTranscriptions = async (): Promise<number> => {
    const response = await fetch(new URL('/metrics', service.baseUrl))
    assert.equal(response.status, 200)
    const counts = (await response.text()).matchAll(/^paradox_queue_seconds_count(?:\{[^}]*\})? (\d+)$/gm)
    return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)
  }

  before(async () => {
    service = await startOpenAiService()
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('gets by its retry what was begun for its first attempt, decoded once', async () => {
    // The model is loaded first, and the time of the work found, so that a timeout can fall into its middle.
    const client = service.client()
    await client.audio.transcriptions.create({ file: speech(SPEECH.portuguese), model: 'whisper-1' })
    const startedAt = performance.now()
    const { text } = await client.audio.transcriptions.create(await long())
    const workMs = performance.now() - startedAt

    assert.match(text, SAID.minute)

    // The machine may be faster or slower by then, so that the timeout may come too late, or all attempts too early.
    const nTimeouts = () =>
      service.process.logLines.filter(({ route, status }) => route === ROUTE && status === 499).length
    for (const share of [0.6, 0.4, 0.25, 0.9]) {
      const [nBefore, nTimeoutsBefore] = [await nTranscriptions(), nTimeouts()]
      const options = { timeout: Math.ceil(workMs * share), maxRetries: 2 }
      // Other options each time, so that nothing that is kept of an earlier one can serve.
      const request = { ...(await long()), prompt: `Printing, ${share}.` }
      const answer = await client.audio.transcriptions.create(request, options).catch((error: unknown) => {
        if (!(error instanceof APIConnectionTimeoutError)) throw error
      })
      if (!answer || nTimeouts() === nTimeoutsBefore) continue
      assert.match(answer.text, SAID.minute)
      assert.equal((await nTranscriptions()) - nBefore, 1)
      return
    }
    assert.fail('no timeout fell into the work')
  })

  test('without retries is told of its timeout, and its place is free', async () => {
    const client = service.client({ timeout: 300, maxRetries: 0 })
    await assert.rejects(client.audio.transcriptions.create(await long()), APIConnectionTimeoutError)
    await service.running(0)
  })

  test('and aborts frees its place within a second, whatever its stage', async (t) => {
    const stages = { 'just sent': () => Promise.resolve(), 'being decoded': () => service.running(1) }
    for (const [stage, reached] of Object.entries(stages)) {
      const controller = new AbortController()
      const request = service.client().audio.transcriptions.create(await long(), { signal: controller.signal })
      const refused = assert.rejects(Promise.resolve(request), APIUserAbortError)
      await reached()
      controller.abort()
      const abortedAt = performance.now()
      await refused
      await service.running(0)
      const freedAfterMs = performance.now() - abortedAt
      t.diagnostic(`${stage}: freed after ${freedAfterMs.toFixed(0)} ms`)
      assert.ok(freedAfterMs < FREED_WITHIN_MS, stage)
    }
  })
})
