import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Places } from './places.ts'

const never = new AbortController().signal

/** Work that ends when it is told to. */
function job() {
  const ended = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const work = async () => {
    begun.resolve()
    await ended.promise
  }
  return { work, begun: begun.promise, end: ended.resolve }
}

test('as many work at a time as there are places, and who came first is first', async () => {
  const places = new Places(2)
  const order: number[] = []
  const jobs = [0, 1, 2, 3].map(() => job())
  const done = jobs.map(({ work }, i) =>
    places.take(never, async () => {
      order.push(i)
      await work()
    }),
  )
  await Promise.all([jobs[0]!.begun, jobs[1]!.begun])
  assert.deepEqual(order, [0, 1])
  jobs[1]!.end()
  await jobs[2]!.begun
  assert.deepEqual(order, [0, 1, 2])
  for (const { end } of jobs) end()
  await Promise.all(done)
  assert.deepEqual(order, [0, 1, 2, 3])
})

test('who leaves the line takes no place, and a failure gives its own back', async () => {
  const places = new Places(1)
  const first = job()
  const running = places.take(never, first.work)
  const controller = new AbortController()
  const left = places.take(controller.signal, async () => assert.fail('it has left'))
  const third = places.take(never, async () => {
    throw new Error('failed')
  })
  controller.abort()
  await assert.rejects(left, { name: 'AbortError' })
  first.end()
  await running
  await assert.rejects(third, /failed/)
  assert.equal(await places.take(never, async () => 4), 4)
})
