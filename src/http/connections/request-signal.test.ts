import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { FastifyReply } from 'fastify'
import { RequestTimeoutError, ServiceClosingError } from '../../errors/index.ts'
import { requestSignal } from './request-signal.ts'

/** Of the reply only its connection is looked at. */
function newReply() {
  const raw = Object.assign(new EventEmitter(), { writableFinished: false })
  return { raw, reply: { raw } as unknown as FastifyReply }
}

function mockTime(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return (ms: number) => t.mock.timers.tick(ms)
}

const uncut = new AbortController().signal

test('a client that disconnects before its answer aborts the request, one that has its answer does not', () => {
  const [left, answered] = [newReply(), newReply()]
  const signals = [left, answered].map(({ reply }) => requestSignal(reply, uncut))
  left.raw.emit('close')
  answered.raw.writableFinished = true
  answered.raw.emit('close')
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  )
  assert.equal(signals[0]!.reason.name, 'AbortError')
})

test('a request whose time is up is told so; one that was answered in time has no timer left', (t) => {
  const tick = mockTime(t)
  const [slow, quick] = [newReply(), newReply()]
  const signals = [slow, quick].map(({ reply }) => requestSignal(reply, uncut, 2000))
  quick.raw.writableFinished = true
  quick.raw.emit('close')
  tick(1999)
  assert.equal(signals[0]!.aborted, false)
  tick(1)
  assert.ok(signals[0]!.reason instanceof RequestTimeoutError)
  assert.match(signals[0]!.reason.message, /2 seconds/)
  assert.equal(signals[1]!.aborted, false)
})

test('a service that cuts what runs aborts it with its reason, also what comes later', () => {
  const cut = new AbortController()
  const before = requestSignal(newReply().reply, cut.signal)
  cut.abort(new ServiceClosingError())
  assert.ok(before.reason instanceof ServiceClosingError)
  assert.ok(requestSignal(newReply().reply, cut.signal).reason instanceof ServiceClosingError)
})
