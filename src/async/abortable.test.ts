import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { abortable, onAbort } from './abortable.ts'

test('a wait settles as its promise does, and leaves no listener behind', async () => {
  const { signal } = new AbortController()
  assert.equal(await abortable(Promise.resolve(4), signal), 4)
  await assert.rejects(abortable(Promise.reject(new Error('no')), signal), /no/)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('an abort ends the wait with its reason, though the promise stays open', async () => {
  const controller = new AbortController()
  const waiting = abortable(new Promise(() => {}), controller.signal)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(waiting, /changed my mind/)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

test('a signal that has aborted wins over a promise that is settled', async () => {
  await assert.rejects(abortable(Promise.resolve(4), AbortSignal.abort(new Error('too late'))), /too late/)
})

test('a listener is called once with the reason, at once after an abort, and never once it is disposed of', () => {
  const reasons: unknown[] = []
  const controller = new AbortController()
  using _kept = onAbort(controller.signal, (reason) => reasons.push(['kept', reason]))
  onAbort(controller.signal, (reason) => reasons.push(['disposed of', reason]))[Symbol.dispose]()
  controller.abort('over')
  using _late = onAbort(controller.signal, (reason) => reasons.push(['late', reason]))
  assert.deepEqual(reasons, [
    ['kept', 'over'],
    ['late', 'over'],
  ])
})
