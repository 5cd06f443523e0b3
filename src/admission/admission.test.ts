import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueFullError } from '../errors/index.ts'
import { Admission, type Entrance } from './admission.ts'

const never = new AbortController().signal
const settled = () => new Promise(setImmediate)

/** Who has a place, in the order of getting it. */
function enterAll(admission: Admission, names: readonly string[], admitted: string[] = []) {
  const entrances = new Map<string, Entrance>()
  for (const name of names) {
    const entrance = admission.enter()
    entrances.set(name, entrance)
    void entrance.takePlace(name.startsWith('long'), never).then(() => admitted.push(name))
  }
  return { admitted, leave: (name: string) => entrances.get(name)![Symbol.dispose]() }
}

test('as many are worked on as there are places, the others in the order of their coming', async () => {
  const admission = new Admission({ maxConcurrency: 2, maxQueue: 10 })
  const { admitted, leave } = enterAll(admission, ['a', 'b', 'c', 'd'])
  await settled()
  assert.deepEqual(admitted, ['a', 'b'])
  assert.deepEqual(admission.state, { running: 2, waiting: 2 })
  leave('b')
  await settled()
  assert.deepEqual(admitted, ['a', 'b', 'c'])
  leave('a')
  leave('c')
  await settled()
  leave('d')
  assert.deepEqual(admission.state, { running: 0, waiting: 0 })
})

test('who finds the line full is refused with a time to wait, and let in when there is room', () => {
  let now = 0
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 1, now: () => now })
  const first = admission.enter()
  const second = admission.enter()
  assert.throws(
    () => admission.enter(),
    (error) => error instanceof QueueFullError && error.retryAfterSeconds >= 1 && error.retryAfterSeconds <= 60,
  )
  assert.ok(admission.isFull)
  now = 5
  first[Symbol.dispose]()
  admission.enter()
  second[Symbol.dispose]()
})

test('the time to wait grows with the time that requests take', async () => {
  let now = 0
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 0, now: () => now })
  for (let i = 0; i < 20; i++) {
    using entrance = admission.enter()
    await entrance.takePlace(false, never)
    now += 30_000
  }
  using _ = admission.enter()
  assert.throws(
    () => admission.enter(),
    (error) => error instanceof QueueFullError && error.retryAfterSeconds > 20 && error.retryAfterSeconds <= 30,
  )
})

test('long recordings leave places to short ones, which pass them in the line', async () => {
  const admission = new Admission({ maxConcurrency: 4, maxQueue: 10 })
  const { admitted, leave } = enterAll(admission, ['long 1', 'long 2', 'long 3', 'long 4', 'short 1', 'short 2'])
  await settled()
  assert.deepEqual(admitted, ['long 1', 'long 2', 'long 3', 'short 1'])
  leave('short 1')
  await settled()
  assert.deepEqual(admitted.slice(4), ['short 2'])
  leave('long 2')
  await settled()
  assert.deepEqual(admitted.slice(5), ['long 4'])
})

test('where there is one place, a long recording may have it', async () => {
  const { admitted } = enterAll(new Admission({ maxConcurrency: 1, maxQueue: 1 }), ['long 1'])
  await settled()
  assert.deepEqual(admitted, ['long 1'])
})

test('an abort leaves the line at once; disposing twice gives a place back once', async () => {
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 5 })
  using first = admission.enter()
  await first.takePlace(false, never)
  const second = admission.enter()
  const controller = new AbortController()
  const place = second.takePlace(false, controller.signal)
  controller.abort()
  await assert.rejects(place, { name: 'AbortError' })
  second[Symbol.dispose]()
  second[Symbol.dispose]()
  assert.deepEqual(admission.state, { running: 1, waiting: 0 })
})

test('who waits for something else gives the place to others, and then waits for one again', async () => {
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 10 })
  const elsewhere = Promise.withResolvers<void>()
  const told: string[] = []
  const first = admission.enter()
  await first.takePlace(false, never)
  const back = first.withoutPlace(() => elsewhere.promise, never).then(() => told.push('back'))
  const second = admission.enter()
  await second.takePlace(false, never)
  assert.deepEqual(admission.state, { running: 1, waiting: 1 })
  elsewhere.resolve()
  await settled()
  assert.deepEqual(told, [], 'the place is taken')
  second[Symbol.dispose]()
  await back
  assert.deepEqual(admission.state, { running: 1, waiting: 0 })
  first[Symbol.dispose]()
  assert.deepEqual(admission.state, { running: 0, waiting: 0 })
})

test('a wait without a place that fails, or whose request has left, takes none', async () => {
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 10 })
  const failing = admission.enter()
  await failing.takePlace(false, never)
  await assert.rejects(
    failing.withoutPlace(() => Promise.reject(new Error('no')), never),
    /no/,
  )
  assert.deepEqual(admission.state, { running: 0, waiting: 1 })
  failing[Symbol.dispose]()
  assert.deepEqual(admission.state, { running: 0, waiting: 0 })

  const left = admission.enter()
  await left.takePlace(false, never)
  left[Symbol.dispose]()
  await left.withoutPlace(async () => {}, never)
  assert.deepEqual(admission.state, { running: 0, waiting: 0 })
})

test('work that goes on after its request has left the line is counted once', async () => {
  const admission = new Admission({ maxConcurrency: 1, maxQueue: 10 })
  const first = admission.enter()
  await first.takePlace(false, never)
  const second = admission.enter()
  const taken = second.takePlace(false, never)
  second[Symbol.dispose]() // its client may come back for the result
  assert.deepEqual(admission.state, { running: 1, waiting: 0 })
  first[Symbol.dispose]()
  await taken
  assert.deepEqual(admission.state, { running: 1, waiting: 0 })
  second[Symbol.dispose]()
  assert.deepEqual(admission.state, { running: 0, waiting: 0 })
})
