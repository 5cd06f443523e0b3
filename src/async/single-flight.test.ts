import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SingleFlight } from './single-flight.ts'

const settled = () => new Promise(setImmediate)

function newWork() {
  const result = Promise.withResolvers<string>()
  const signals: AbortSignal[] = []
  let nUnattended = 0
  const run = (signal: AbortSignal) => {
    signals.push(signal)
    signal.addEventListener('abort', () => result.reject(signal.reason))
    return result.promise
  }
  return {
    run,
    finish: result.resolve,
    fail: result.reject,
    signals,
    onUnattended: () => nUnattended++,
    get nUnattended() {
      return nUnattended
    },
  }
}

/** @param lingerMs  for how long the work goes on when this waiter leaves as the last. */
function waiter(lingerMs: number) {
  const controller = new AbortController()
  return { signal: controller.signal, lingerMs: () => lingerMs, leave: () => controller.abort() }
}

const unwanted = () => Promise.reject(new Error('there is work already'))

function mockTime(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return (ms: number) => t.mock.timers.tick(ms)
}

test('those who ask for the same share one work, and the last who leaves ends it', async () => {
  const flights = new SingleFlight<string>()
  const work = newWork()
  const [first, second] = [waiter(0), waiter(0)]
  const one = flights.join('k', first, work.run)
  const two = flights.join('k', second, unwanted)
  assert.deepEqual([flights.ids(), flights.nWaitingFor('k')], [['k'], 2])
  first.leave()
  await assert.rejects(one, { name: 'AbortError' })
  assert.equal(work.signals[0]!.aborted, false)
  second.leave()
  await assert.rejects(two, { name: 'AbortError' })
  assert.equal(work.signals[0]!.aborted, true)
  assert.equal(flights.has('k'), false, 'the next begins anew')
  assert.equal(work.nUnattended, 0)
})

test('a waiter is told at once what was told last, then what comes, and nothing once it has left', async () => {
  const flights = new SingleFlight<string, number>()
  const result = Promise.withResolvers<string>()
  const told: Record<string, number[]> = { first: [], late: [] }
  let tell = (_: number) => {}
  const late = waiter(0)
  const one = flights.join(
    'k',
    { signal: waiter(0).signal, onProgress: (n) => told.first!.push(n) },
    (_signal, onProgress) => {
      tell = onProgress
      return result.promise
    },
  )
  tell(1)
  tell(2)
  const two = flights.join('k', { signal: late.signal, onProgress: (n) => told.late!.push(n) }, unwanted)
  late.leave()
  await assert.rejects(two)
  tell(3)
  assert.equal(flights.latest('k'), 3)
  assert.deepEqual(told, { first: [1, 2, 3], late: [2] })
  result.resolve('text')
  assert.equal(await one, 'text')
  assert.equal(flights.has('k'), false)
})

test('work goes on for a waiter that is expected back, which joins it', async (t) => {
  const tick = mockTime(t)
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const work = newWork()
  const first = waiter(1000)
  const lost = flights.begin('k', first, work.run, work.onUnattended)
  first.leave()
  await assert.rejects(lost, { name: 'AbortError' })
  assert.equal(work.nUnattended, 1)
  tick(999)
  const back = flights.join('k', waiter(1000), unwanted)
  tick(5000)
  work.finish('text')
  assert.equal(await back, 'text')
  assert.equal(work.signals[0]!.aborted, false)
})

test('a result is kept for as long as was asked, and no longer', async (t) => {
  const tick = mockTime(t)
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const work = newWork()
  const first = waiter(1000)
  const lost = flights.begin('k', first, work.run)
  first.leave()
  await assert.rejects(lost)
  work.finish('text')
  await settled()
  assert.equal(await flights.join('k', waiter(0), unwanted), 'text')
  tick(1000)
  assert.equal(flights.has('k'), false)
})

test('work that nobody comes back for is given up', async (t) => {
  const tick = mockTime(t)
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const work = newWork()
  const first = waiter(1000)
  const lost = flights.begin('k', first, work.run)
  first.leave()
  await assert.rejects(lost)
  assert.equal(work.signals[0]!.aborted, false)
  tick(1000)
  assert.equal(work.signals[0]!.aborted, true)
  assert.equal(flights.has('k'), false)
})

test('a failure is not kept: the next begins anew', async () => {
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const failing = newWork()
  const lost = flights.begin('k', waiter(1000), failing.run)
  failing.fail(new Error('no'))
  await assert.rejects(lost, /no/)
  assert.equal(flights.has('k'), false)
  assert.equal(await flights.join('k', waiter(0), async () => 'text'), 'text')
})

test('work begun in place of another leaves the other to those who wait for it', async (t) => {
  mockTime(t)
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const [old, young] = [newWork(), newWork()]
  const one = flights.begin('k', waiter(0), old.run)
  const two = flights.begin('k', waiter(0), young.run)
  const three = flights.join('k', waiter(0), unwanted)
  young.finish('young')
  assert.deepEqual(await Promise.all([two, three]), ['young', 'young'])
  old.finish('old')
  assert.equal(await one, 'old')
  assert.equal(await flights.join('k', waiter(0), unwanted), 'young')
})

test('only so many works go on unattended, and only so many results are kept', async (t) => {
  mockTime(t)
  const flights = new SingleFlight<string>({ keepMs: 1000, mostKept: 2, mostUnattended: 2 })
  const works = ['a', 'b', 'c'].map((id) => ({ id, ...newWork() }))
  for (const { id, run } of works) {
    const client = waiter(1000)
    const lost = flights.begin(id, client, run)
    client.leave()
    await assert.rejects(lost)
  }
  assert.deepEqual(
    works.map(({ signals }) => signals[0]!.aborted),
    [false, false, true],
  )
  for (const id of ['d', 'e', 'f']) await flights.begin(id, waiter(0), async () => id)
  assert.deepEqual(flights.ids(), ['a', 'b', 'e', 'f'])
})

test('a waiter that has left before it came begins nothing', async () => {
  const flights = new SingleFlight<string>({ keepMs: 1000 })
  const work = newWork()
  const client = waiter(1000)
  client.leave()
  await assert.rejects(flights.begin('k', client, work.run), { name: 'AbortError' })
  await assert.rejects(flights.join('k', client, work.run), { name: 'AbortError' })
  assert.deepEqual([work.signals.length, flights.has('k')], [0, false])
})
