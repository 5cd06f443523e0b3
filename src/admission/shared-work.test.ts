import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Follower, SharedWork } from './shared-work.ts'

const settled = () => new Promise(setImmediate)

function newWork() {
  const result = Promise.withResolvers<string>()
  const signals: AbortSignal[] = []
  let nAbandoned = 0
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
    onAbandoned: () => nAbandoned++,
    get nAbandoned() {
      return nAbandoned
    },
  }
}

function follower(willReturn: boolean): Follower & { leave: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, willReturn: () => willReturn, leave: () => controller.abort() }
}

function mockTime(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return (ms: number) => t.mock.timers.tick(ms)
}

test('a retry joins the work that is running, also after its client has gone away', async (t) => {
  const tick = mockTime(t)
  const shared = new SharedWork<string>(1000)
  const work = newWork()
  const first = follower(true)
  const lost = shared.begin('k', first, work.run, work.onAbandoned)
  first.leave()
  await assert.rejects(lost, { name: 'AbortError' })
  assert.equal(work.nAbandoned, 1)
  tick(999)
  assert.ok(shared.has('k'))
  const retry = shared.join('k', follower(true))
  tick(5000)
  work.finish('text')
  assert.equal(await retry, 'text')
  assert.equal(work.signals.length, 1)
  assert.equal(work.signals[0]!.aborted, false)
})

test('a result that nobody was there for waits for the retry, and no longer', async (t) => {
  const tick = mockTime(t)
  const shared = new SharedWork<string>(1000)
  const work = newWork()
  const first = follower(true)
  const lost = shared.begin('k', first, work.run, work.onAbandoned)
  first.leave()
  await assert.rejects(lost)
  work.finish('text')
  await settled()
  assert.equal(await shared.join('k', follower(false)), 'text')
  tick(1000)
  assert.equal(shared.has('k'), false)
})

test('work that nobody comes back for is given up', async (t) => {
  const tick = mockTime(t)
  const shared = new SharedWork<string>(1000)
  const work = newWork()
  const first = follower(true)
  const lost = shared.begin('k', first, work.run, work.onAbandoned)
  first.leave()
  await assert.rejects(lost)
  assert.equal(work.signals[0]!.aborted, false)
  tick(1000)
  assert.equal(work.signals[0]!.aborted, true)
  assert.equal(shared.has('k'), false)
})

test('a client that will not return takes its work along, unless somebody else follows it', async () => {
  const shared = new SharedWork<string>(1000)
  const work = newWork()
  const [first, second] = [follower(false), follower(false)]
  const one = shared.begin('k', first, work.run, work.onAbandoned)
  const two = shared.join('k', second)
  first.leave()
  await assert.rejects(one)
  assert.equal(work.signals[0]!.aborted, false)
  second.leave()
  await assert.rejects(two)
  assert.equal(work.signals[0]!.aborted, true)
  assert.equal(work.nAbandoned, 0)
})

test('a failure is not kept: the retry begins anew', async () => {
  const shared = new SharedWork<string>(1000)
  const failing = newWork()
  const answer = shared.begin('k', follower(true), failing.run, failing.onAbandoned)
  failing.fail(new Error('no luck'))
  await assert.rejects(answer, /no luck/)
  assert.equal(shared.has('k'), false)
})

test('only a few go on with nobody waiting; the next one is given up at once', async (t) => {
  mockTime(t)
  const shared = new SharedWork<string>(1000)
  const works = Array.from({ length: 5 }, newWork)
  for (const [i, work] of works.entries()) {
    const client = follower(true)
    const lost = shared.begin(`k${i}`, client, work.run, work.onAbandoned)
    client.leave()
    await assert.rejects(lost)
  }
  assert.deepEqual(
    works.map(({ signals }) => signals[0]!.aborted),
    [false, false, false, false, true],
  )
})

test('for a client that has gone already nothing begins', async () => {
  const shared = new SharedWork<string>(1000)
  const work = newWork()
  const client = follower(true)
  client.leave()
  await assert.rejects(shared.begin('k', client, work.run, work.onAbandoned), { name: 'AbortError' })
  assert.equal(work.signals.length, 0)
  assert.equal(shared.has('k'), false)
})

test('without a key nobody can join, and without a grace nobody needs to', async () => {
  for (const [key, graceMs] of [
    [undefined, 1000],
    ['k', 0],
  ] as const) {
    const shared = new SharedWork<string>(graceMs)
    const work = newWork()
    const client = follower(true)
    const lost = shared.begin(key, client, work.run, work.onAbandoned)
    client.leave()
    await assert.rejects(lost)
    assert.equal(work.signals[0]!.aborted, true)
  }
})
