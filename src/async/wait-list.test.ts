import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { WaitList } from './wait-list.ts'

const never = new AbortController().signal

test('waiters are listed in the order of arrival, and one that is taken gets its answer', async () => {
  const list = new WaitList<string, number>()
  const answers = ['a', 'b', 'c'].map((name) => list.wait(name, never))
  assert.deepEqual(
    Array.from(list, ({ item }) => item),
    ['a', 'b', 'c'],
  )
  for (const waiter of list) {
    assert.ok(list.take(waiter))
    assert.equal(list.take(waiter), false, 'it has been taken')
    waiter.resolve(waiter.item.charCodeAt(0))
  }
  assert.deepEqual(await Promise.all(answers), [97, 98, 99])
  assert.equal(list.size, 0)
})

test('an abort takes a waiter out at once and leaves the others in their order', async () => {
  const list = new WaitList<string>()
  const controller = new AbortController()
  void list.wait('a', never)
  const left = list.wait('b', controller.signal)
  void list.wait('c', never)
  controller.abort(new Error('gone'))
  assert.deepEqual(
    Array.from(list, ({ item }) => item),
    ['a', 'c'],
  )
  await assert.rejects(left, /gone/)
  await assert.rejects(list.wait('d', controller.signal), /gone/, 'it never comes into the list')
  assert.equal(list.size, 2)
})

test('a waiter that has been taken is answered by its taker, also after an abort', async () => {
  const list = new WaitList<string, string>()
  const controller = new AbortController()
  const waiting = list.wait('a', controller.signal)
  const [taken] = list.takeAll()
  controller.abort()
  taken!.resolve('answer')
  assert.equal(await waiting, 'answer')
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

test('a rejected waiter throws what it is rejected with', async () => {
  const list = new WaitList<string>()
  const waiting = list.wait('a', never)
  for (const { reject } of list.takeAll()) reject(new Error('closed'))
  await assert.rejects(waiting, /closed/)
  assert.equal(list.size, 0)
})
