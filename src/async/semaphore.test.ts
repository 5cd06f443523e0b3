import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Semaphore } from './semaphore.ts'

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

test('as many work at a time as there are permits, in the order of arrival', async () => {
  const semaphore = new Semaphore(2)
  const order: number[] = []
  const jobs = [0, 1, 2, 3].map(() => job())
  const done = jobs.map(({ work }, i) =>
    semaphore.run(never, async () => {
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

test('one that leaves takes no permit, and a failure gives its own back', async () => {
  const semaphore = new Semaphore(1)
  const first = job()
  const running = semaphore.run(never, first.work)
  const controller = new AbortController()
  const left = semaphore.run(controller.signal, async () => assert.fail('it has left'))
  const third = semaphore.run(never, async () => {
    throw new Error('failed')
  })
  controller.abort()
  await assert.rejects(left, { name: 'AbortError' })
  first.end()
  await running
  await assert.rejects(third, /failed/)
  assert.equal(await semaphore.run(never, async () => 4), 4)
})
