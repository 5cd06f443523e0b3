import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PlayedEngine, PlayedEngines } from '../../test/helpers/fakes/played-engines.ts'
import { QueueFullError } from '../errors/index.ts'
import type { ModelEntry } from '../models/registry.ts'
import { type EngineUse, type QueueLimits, RequestQueue, type Reservation } from './request-queue.ts'

const never = new AbortController().signal
const settled = () => new Promise(setImmediate)

interface Asked {
  readonly model?: string
  readonly caller?: string
  readonly isLong?: boolean
  readonly signal?: AbortSignal
}

const TURN_MS = 10_000

/** A queue before engines that are played, with a clock that stands still. */
function newQueue({ maxLoaded = 1, ...limits }: QueueLimits & { maxLoaded?: number } = {}) {
  let now = 1_000_000
  const engines = new PlayedEngines(maxLoaded)
  const queue = new RequestQueue(engines, { modelTurnMs: TURN_MS, ...limits }, () => now)
  /** Names of the requests that run, in the order in which they were let in. */
  const admitted: string[] = []
  const ends = new Map<string, () => void>()
  const uses = new Map<string, EngineUse<PlayedEngine>>()
  const failures = new Map<string, unknown>()

  /** A request named `name`, such as 'long a 1': a long recording for model a. */
  const ask = async (name: string, asked: Asked = {}) => {
    const { model = /\b[a-d]\b/.exec(name)?.[0] ?? 'a', caller = '', signal = never } = asked
    const { isLong = name.startsWith('long') } = asked
    const reservation = queue.reserve(caller)
    const entry: ModelEntry = {
      id: model,
      origin: { kind: 'whisper-base' },
      strategy: undefined,
      language: undefined,
      tokenizer: undefined,
    }
    try {
      const use = await queue.admit({ entry, isLong, reservation, signal })
      admitted.push(name)
      uses.set(name, use)
      ends.set(name, () => {
        use[Symbol.dispose]()
        reservation[Symbol.dispose]()
      })
    } catch (error) {
      failures.set(name, error)
      reservation[Symbol.dispose]()
    }
  }
  return {
    queue,
    engines,
    failures,
    pass: (ms: number) => {
      now += ms
    },
    asks: async (...names: string[]) => {
      for (const name of names) void ask(name)
      await settled()
    },
    ask: async (name: string, asked: Asked) => {
      void ask(name, asked)
      await settled()
    },
    end: async (...names: string[]) => {
      for (const name of names) ends.get(name)!()
      await settled()
    },
    /** A request turns out to be long; where it has to leave, it has left by now. */
    becomesLong: async (name: string) => {
      const use = uses.get(name)!
      const mayStay = use.becomeLong()
      if (!mayStay) use[Symbol.dispose]()
      await settled()
      return mayStay
    },
    /** What has been let in since the last call. */
    admitted: () => admitted.splice(0),
  }
}

test('as many run as may, the others in the order of their arrival', async () => {
  const { queue, asks, end, admitted } = newQueue({ maxConcurrency: 2, maxQueue: 10 })
  await asks('a 1', 'a 2', 'a 3', 'a 4')
  assert.deepEqual(admitted(), ['a 1', 'a 2'])
  assert.deepEqual(queue.state, { running: 2, waiting: 2 })
  await end('a 2')
  assert.deepEqual(admitted(), ['a 3'])
  await end('a 1', 'a 3')
  await end('a 4')
  assert.deepEqual(queue.state, { running: 0, waiting: 0 })
})

test('a request that finds the queue full is refused with a time to wait, and let in when there is room', () => {
  const { queue } = newQueue({ maxConcurrency: 1, maxQueue: 1 })
  const first = queue.reserve('')
  queue.reserve('')
  assert.throws(
    () => queue.reserve(''),
    (error) => error instanceof QueueFullError && error.retryAfterSeconds >= 1 && error.retryAfterSeconds <= 60,
  )
  assert.ok(queue.isFull)
  queue.enter() // the service's own are never refused
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  assert.ok(queue.isFull, 'giving up twice frees one place')
})

test('beyond the bound a quarter of the line is kept for callers with few requests, so that none keeps the others out', () => {
  const { queue } = newQueue({ maxConcurrency: 2, maxQueue: 32 })
  const fill = (caller: string) => {
    const reservations: Reservation[] = []
    while (!queue.isFullFor(caller)) reservations.push(queue.reserve(caller))
    assert.throws(() => queue.reserve(caller), QueueFullError)
    return reservations
  }
  const busy = fill('busy')
  assert.equal(busy.length, 34, 'where it is alone it may have the whole line')
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((caller) => fill(caller).length),
    [2, 2, 2, 2],
  )
  assert.ok(queue.isFull)
  for (const reservation of busy.slice(0, 9)) reservation[Symbol.dispose]()
  assert.equal(fill('a').length, 1, 'with room in the line it may have more than few')
  assert.equal(fill('e').length, 2)
})

test('the time to wait grows with the time that requests run', async () => {
  const { queue, asks, end, pass } = newQueue({ maxConcurrency: 1, maxQueue: 0 })
  for (let i = 0; i < 20; i++) {
    await asks('a')
    pass(30_000)
    await end('a')
  }
  await asks('a')
  assert.throws(
    () => queue.reserve(''),
    (error) => error instanceof QueueFullError && error.retryAfterSeconds > 20 && error.retryAfterSeconds <= 30,
  )
})

test('long recordings leave places to short ones, which pass them in the queue', async () => {
  const { asks, end, admitted } = newQueue({ maxConcurrency: 4, maxQueue: 10 })
  await asks('long a 1', 'long a 2', 'long a 3', 'long a 4', 'a 1', 'a 2')
  assert.deepEqual(admitted(), ['long a 1', 'long a 2', 'long a 3', 'a 1'])
  await end('a 1')
  assert.deepEqual(admitted(), ['a 2'])
  await end('long a 2')
  assert.deepEqual(admitted(), ['long a 4'])
})

test('what turns out to be long stays while there is a place for long ones, and leaves where there is none', async () => {
  const { queue, engines, asks, end, admitted, becomesLong } = newQueue({ maxConcurrency: 4 })
  await asks('long a 1', 'long a 2', 'a 1', 'a 2', 'a 3')
  assert.deepEqual(admitted(), ['long a 1', 'long a 2', 'a 1', 'a 2'])
  assert.equal(await becomesLong('a 1'), true)
  assert.equal(engines.of('a')!.nLong, 3)
  assert.equal(await becomesLong('a 1'), true, 'it has')
  assert.equal(await becomesLong('a 2'), false)
  assert.deepEqual(admitted(), ['a 3'], 'its place is free')
  assert.deepEqual(queue.state, { running: 4, waiting: 1 })
  await end('a 1')
  assert.equal(engines.of('a')!.nLong, 2)
  assert.equal(engines.of('a')!.nUsers, 3)
})

test('what turns out to be long leaves where it would keep another model waiting', async () => {
  const { asks, pass, becomesLong } = newQueue()
  await asks('a 1', 'a 2', 'b 1')
  assert.equal(await becomesLong('a 1'), true)
  pass(TURN_MS)
  assert.equal(await becomesLong('a 2'), false)
})

test('where one may run, it may be long', async () => {
  const { asks, admitted } = newQueue({ maxConcurrency: 1, maxQueue: 1 })
  await asks('long a')
  assert.deepEqual(admitted(), ['long a'])
})

test('one engine works on so many at a time, also where more may run', async () => {
  const { asks, end, admitted } = newQueue({ maxPerEngine: 2, maxLoaded: 2 })
  await asks('a 1', 'a 2', 'a 3', 'b 1')
  assert.deepEqual(admitted(), ['a 1', 'a 2', 'b 1'])
  await end('a 1')
  assert.deepEqual(admitted(), ['a 3'])
})

test('a caller that has fewer running goes first, whoever came first', async () => {
  const { ask, end, admitted } = newQueue({ maxConcurrency: 3, maxQueue: 20 })
  for (const name of ['busy 1', 'busy 2', 'busy 3', 'busy 4', 'busy 5']) await ask(name, { caller: 'busy' })
  await ask('other 1', { caller: 'other' })
  await ask('other 2', { caller: 'other' })
  await ask('third', { caller: 'third' })
  assert.deepEqual(admitted(), ['busy 1', 'busy 2', 'busy 3'])
  await end('busy 1')
  assert.deepEqual(admitted(), ['other 1'])
  await end('busy 2')
  assert.deepEqual(admitted(), ['third'])
  await end('busy 3')
  assert.deepEqual(admitted(), ['busy 4'], 'it has none running now, and came before other 2')
  await end('third')
  assert.deepEqual(admitted(), ['other 2'], 'both callers have one running, and the turn of busy was just now')
  await end('other 1')
  assert.deepEqual(admitted(), ['busy 5'])
})

test('callers take turns also where one request runs at a time', async () => {
  const { ask, end, admitted } = newQueue({ maxConcurrency: 1, maxQueue: 20 })
  for (const name of ['busy 1', 'busy 2', 'busy 3', 'busy 4']) await ask(name, { caller: 'busy' })
  for (const name of ['other 1', 'other 2']) await ask(name, { caller: 'other' })
  const order = admitted()
  for (let last = order[0]; last !== undefined; last = order.at(-1)) {
    await end(last)
    const next = admitted()
    order.push(...next)
    if (next.length === 0) break
  }
  assert.deepEqual(order, ['busy 1', 'other 1', 'busy 2', 'other 2', 'busy 3', 'busy 4'])
})

test('an abort leaves the queue at once, and others may run for it', async () => {
  const { queue, engines, asks, ask, failures } = newQueue({ maxConcurrency: 1, maxQueue: 5 })
  await asks('a 1')
  const controller = new AbortController()
  await ask('a 2', { signal: controller.signal })
  const { nTidied } = engines
  controller.abort()
  await settled()
  assert.equal((failures.get('a 2') as Error).name, 'AbortError')
  assert.deepEqual(queue.state, { running: 1, waiting: 0 })
  assert.equal(queue.nWaitingFor('a'), 0)
  assert.ok(engines.nTidied > nTidied, 'its model may rest now')
})

test('twenty requests that alternate between two models cost one swap, since those of the loaded model go first', async () => {
  const { engines, asks, end, admitted } = newQueue({ maxConcurrency: 4, maxQueue: 20 })
  await asks(...Array.from({ length: 20 }, (_, i) => `${i % 2 === 0 ? 'a' : 'b'} ${i}`))
  const order: string[] = []
  for (let running = admitted(); running.length > 0; running = admitted()) {
    order.push(...running)
    await end(...running)
  }
  assert.equal(order.length, 20)
  assert.deepEqual(engines.started, ['a', 'b'])
})

test('an idle model makes room at once', async () => {
  const { engines, asks, end, admitted } = newQueue()
  await asks('a 1')
  await end('a 1')
  await asks('b 1')
  assert.deepEqual(admitted(), ['a 1', 'b 1'])
  assert.deepEqual(engines.started, ['a', 'b'])
})

test('a request for another model blocks the loaded one only after it has waited for its time', async () => {
  const { asks, end, admitted, pass } = newQueue()
  await asks('a 1')
  pass(60_000) // it has had its turn
  await asks('b 1')
  pass(TURN_MS - 1)
  await asks('a 2')
  assert.deepEqual(admitted(), ['a 1', 'a 2'], 'the loaded model goes on')
  pass(1)
  await asks('a 3')
  assert.deepEqual(admitted(), [], 'from now on only what runs finishes')
  await end('a 1')
  assert.deepEqual(admitted(), [])
  await end('a 2')
  assert.deepEqual(admitted(), ['b 1'])
})

test('the model that comes next has a turn as long, and then makes room likewise', async () => {
  const { engines, asks, end, admitted, pass } = newQueue()
  await asks('a 1')
  await asks('b 1', 'a 2')
  pass(TURN_MS)
  await asks('a 3')
  assert.deepEqual(admitted(), ['a 1', 'a 2'])
  await end('a 1', 'a 2')
  assert.deepEqual(admitted(), ['b 1'], 'though a 3 has waited too')
  pass(TURN_MS - 1)
  await asks('b 2')
  assert.deepEqual(admitted(), ['b 2'], 'a 3 has waited long enough, but b has not had its turn')
  pass(1)
  await asks('b 3')
  assert.deepEqual(admitted(), [])
  await end('b 1', 'b 2')
  assert.deepEqual(admitted(), ['a 3'])
  assert.deepEqual(engines.started, ['a', 'b', 'a'])
})

test('a turn begins when the model has been loaded, however long that takes', async () => {
  const { queue, engines, asks, admitted, pass } = newQueue()
  engines.areLoadedAtOnce = false
  await asks('a 1', 'b 1')
  pass(10 * TURN_MS)
  await asks('a 2')
  engines.of('a')!.isLoaded = true
  queue.advance()
  pass(TURN_MS - 1)
  await asks('a 3')
  assert.deepEqual(admitted(), ['a 1', 'a 2', 'a 3'])
  pass(1)
  await asks('a 4')
  assert.deepEqual(admitted(), [])
})

test('while a long recording runs, short ones go on beside it, since they delay no other model', async () => {
  const { asks, end, admitted, pass } = newQueue()
  await asks('long a 1', 'b 1')
  pass(TURN_MS)
  await asks('a 2', 'long a 3')
  assert.deepEqual(admitted(), ['long a 1', 'a 2'], 'another long one would delay b')
  pass(3_600_000)
  await asks('a 4')
  assert.deepEqual(admitted(), ['a 4'])
  await end('long a 1')
  await asks('a 5')
  assert.deepEqual(admitted(), [], 'nothing but what runs keeps b waiting')
  await end('a 2', 'a 4')
  assert.deepEqual(admitted(), ['b 1'])
})

test('with several models loaded, the first that is idle makes room, and the others go on then', async () => {
  const { asks, end, admitted, pass } = newQueue({ maxLoaded: 2 })
  await asks('a 1', 'b 1', 'c 1')
  pass(TURN_MS)
  await asks('a 2', 'b 2')
  assert.deepEqual(admitted(), ['a 1', 'b 1'])
  await end('b 1')
  assert.deepEqual(admitted().sort(), ['a 2', 'c 1'])
})

test('a model that is not loaded gets a place, too, where all are taken again and again', async () => {
  const { asks, end, admitted, pass } = newQueue({ maxConcurrency: 1, maxQueue: 9, maxLoaded: 2 })
  await asks('a 1', 'b 1', 'a 2', 'a 3')
  await end('a 1')
  assert.deepEqual(admitted(), ['a 1', 'a 2'], 'it would have room, but no place')
  pass(TURN_MS)
  await end('a 2')
  assert.deepEqual(admitted(), ['b 1'])
  await end('b 1')
  assert.deepEqual(admitted(), ['a 3'])
})

test('a request that only wants its model loaded needs no place, but its turn', async () => {
  const { queue, engines, asks, end } = newQueue({ maxConcurrency: 1, maxQueue: 5 })
  await asks('a 1')
  const entry = { id: 'b' } as ModelEntry // nothing else is looked at
  let isIn = false
  const load = queue.admit({ entry, isLong: false, reservation: undefined, signal: never }).finally(() => {
    isIn = true
  })
  await settled()
  assert.equal(isIn, false)
  assert.deepEqual(queue.state, { running: 1, waiting: 0 })
  await end('a 1')
  using use = await load
  assert.equal(use.engine, engines.of('b'))
  assert.deepEqual(queue.state, { running: 0, waiting: 0 })
})

test('a load that is given up keeps the loaded model from its requests no longer', async () => {
  const { queue, asks, admitted, pass } = newQueue()
  await asks('a 1')
  const entry = { id: 'b' } as ModelEntry // nothing else is looked at
  const controller = new AbortController()
  const load = queue.admit({ entry, isLong: false, reservation: undefined, signal: controller.signal })
  pass(TURN_MS)
  await asks('a 2')
  assert.deepEqual(admitted(), ['a 1'])
  controller.abort()
  await assert.rejects(load, { name: 'AbortError' })
  await settled()
  assert.deepEqual(admitted(), ['a 2'])
})

test('those who wait for a model that cannot be loaded are told, and those who wait for others are not', async () => {
  const { queue, engines, asks, end, failures, admitted } = newQueue({ maxPerEngine: 1 })
  await asks('b 1', 'b 2', 'a 1')
  engines.of('b')!.isOpen = false
  queue.refuse(new Error('it cannot be loaded'), 'b')
  await settled()
  assert.deepEqual([...failures.keys()], ['b 2'])
  queue.refuse(new Error('closing'))
  await settled()
  assert.deepEqual([...failures.keys()], ['b 2', 'a 1'])
  assert.deepEqual(admitted(), ['b 1'])
  await end('b 1')
})

test('an engine that does not take requests is waited for', async () => {
  const { queue, engines, asks, end, admitted } = newQueue()
  await asks('a 1')
  engines.of('a')!.isOpen = false
  await asks('a 2')
  assert.deepEqual(admitted(), ['a 1'])
  engines.of('a')!.isOpen = true
  queue.advance()
  await settled()
  assert.deepEqual(admitted(), ['a 2'])
  await end('a 1', 'a 2')
})

test('a place that is given up early is free, and the engine still counts its user', async () => {
  const { queue, engines } = newQueue({ maxConcurrency: 1, maxQueue: 1, maxPerEngine: 1 })
  const entry = { id: 'a' } as ModelEntry // nothing else is looked at
  const admit = (reservation: Reservation) => queue.admit({ entry, isLong: false, reservation, signal: never })
  const first = queue.reserve('')
  const use = await admit(first)
  first[Symbol.dispose]() // its client is gone, the engine has not stopped yet
  assert.deepEqual(queue.state, { running: 0, waiting: 0 })
  const second = queue.reserve('')
  let isIn = false
  const admitted = admit(second).finally(() => {
    isIn = true
  })
  await settled()
  assert.equal(isIn, false)
  assert.equal(engines.of('a')!.nUsers, 1)
  use[Symbol.dispose]()
  await admitted
  assert.deepEqual(queue.state, { running: 1, waiting: 0 })
})

test('work that goes on after its request has left is counted once', async () => {
  const { queue } = newQueue({ maxConcurrency: 1, maxQueue: 10, maxPerEngine: 2 })
  const entry = { id: 'a' } as ModelEntry // nothing else is looked at
  const admit = (reservation: Reservation) => queue.admit({ entry, isLong: false, reservation, signal: never })
  const [first, second] = [queue.reserve(''), queue.reserve('')]
  using _first = await admit(first)
  const taken = admit(second)
  second[Symbol.dispose]() // its client may come back for the result
  assert.deepEqual(queue.state, { running: 1, waiting: 0 })
  first[Symbol.dispose]()
  using _second = await taken
  assert.deepEqual(queue.state, { running: 1, waiting: 0 })
  second[Symbol.dispose]()
  assert.deepEqual(queue.state, { running: 0, waiting: 0 })
})
