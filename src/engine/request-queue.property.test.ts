/** What holds of the queue whatever happens: any order of arrivals, uploads, aborts, answers, failures, deaths and silence. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PlayedEngines } from '../../test/helpers/fakes/played-engines.ts'
import { QueueFullError } from '../errors/index.ts'
import type { ModelEntry } from '../models/registry.ts'
import { RequestQueue, type Reservation } from './request-queue.ts'

const TURN_MS = 10_000
const MODELS = ['a', 'b', 'c'] as const
const CALLERS = ['busy', 'second', 'third'] as const
const settled = () => new Promise(setImmediate)

/** What happens next; `which` picks one of the requests, or engines, that it can happen to. */
const happening = fc.oneof(
  fc.record({
    what: fc.constant('arrives' as const),
    caller: fc.constantFrom(...CALLERS),
    model: fc.constantFrom(...MODELS),
    isLong: fc.boolean(),
  }),
  fc.record({
    // Of a reservation: its upload has arrived, or breaks off. Of what was admitted: it ends, or its client goes first.
    what: fc.constantFrom('uploaded', 'broke off', 'aborted', 'answered', 'left early', 'engine dies', 'load fails'),
    which: fc.nat(),
  }),
  fc.record({ what: fc.constant('time passes' as const), ms: fc.integer({ min: 1, max: 2 * TURN_MS }) }),
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

const limits = fc.record({
  maxConcurrency: fc.integer({ min: 1, max: 4 }),
  maxQueue: fc.integer({ min: 0, max: 12 }),
  maxPerEngine: fc.integer({ min: 1, max: 4 }),
  maxLoaded: fc.integer({ min: 1, max: 2 }),
})
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never

interface Request {
  readonly caller: string
  readonly model: string
  readonly isLong: boolean
  readonly reservation: Reservation
  readonly abort: AbortController
  state: 'uploading' | 'waiting' | 'running' | 'over'
  leave: () => void
}

/** A queue before played engines, to which things happen one by one. */
class Play {
  readonly #limits: Limits
  readonly #engines: PlayedEngines
  readonly #requests: Request[] = []
  readonly queue: RequestQueue<ReturnType<PlayedEngines['start']> & object>
  #now = 0

  constructor(limits: Limits) {
    this.#limits = limits
    this.#engines = new PlayedEngines(limits.maxLoaded)
    this.queue = new RequestQueue(this.#engines, { modelTurnMs: TURN_MS, ...limits }, () => this.#now)
  }

  /** A request that is not mentioned any more is one whose client, or whose engine, stays silent. */
  in(...states: readonly Request['state'][]): Request[] {
    return this.#requests.filter(({ state }) => states.includes(state))
  }

  get #room(): number {
    return this.#limits.maxConcurrency + this.#limits.maxQueue
  }

  async happens(next: Happening): Promise<void> {
    if (next.what === 'arrives') this.#arrives(next)
    else if (next.what === 'time passes') this.#now += next.ms
    else this.#happensTo(next.what, next.which)
    this.queue.advance() // as the engines' own timers have it
    await settled()
    this.check()
  }

  #arrives({ caller, model, isLong }: { caller: string; model: string; isLong: boolean }): void {
    const present = this.in('uploading', 'waiting', 'running')
    const nOwn = present.filter((one) => one.caller === caller).length
    try {
      const reservation = this.queue.reserve(caller)
      const abort = new AbortController()
      this.#requests.push({ caller, model, isLong, reservation, abort, state: 'uploading', leave: () => {} })
    } catch (error) {
      assert.ok(error instanceof QueueFullError)
      assert.ok(present.length >= this.#room, 'refused, though there was room')
      const someRoomForFew = this.#limits.maxQueue >= 4
      const othersFew = present.length < this.#room + Math.floor(this.#limits.maxQueue / 4)
      assert.ok(!(someRoomForFew && othersFew && nOwn === 0), 'refused for what other callers have')
    }
  }

  #happensTo(what: Extract<Happening, { which: number }>['what'], which: number): void {
    const pick = (...states: readonly Request['state'][]): Request | undefined => {
      const candidates = this.in(...states)
      return candidates[which % candidates.length]
    }
    const model = MODELS[which % MODELS.length]!
    const actions: Readonly<Record<typeof what, () => void>> = {
      uploaded: () => this.#admit(pick('uploading')),
      'broke off': () => this.#end(pick('uploading')),
      aborted: () => pick('waiting')?.abort.abort(),
      answered: () => this.#end(pick('running')),
      'left early': () => pick('running')?.reservation[Symbol.dispose](), // the engine works on until it notices
      'engine dies': () => {
        this.#engines.die(model)
        for (const request of this.in('running')) if (request.model === model) this.#end(request)
      },
      'load fails': () => this.queue.refuse(new Error('it cannot be loaded'), model),
    }
    actions[what]()
  }

  #admit(request: Request | undefined): void {
    if (!request) return
    request.state = 'waiting'
    const { model, isLong, reservation, abort } = request
    const entry = { id: model } as ModelEntry // nothing else is looked at
    this.queue.admit({ entry, isLong, reservation, signal: abort.signal }).then(
      (use) => {
        assert.equal(request.state, 'waiting', 'admitted twice, or after its end')
        request.state = 'running'
        request.leave = () => use[Symbol.dispose]()
      },
      () => this.#end(request),
    )
  }

  #end(request: Request | undefined): void {
    if (!request) return
    assert.notEqual(request.state, 'over', 'ended twice')
    request.state = 'over'
    request.leave()
    request.reservation[Symbol.dispose]()
    request.reservation[Symbol.dispose]() // more than once is allowed
  }

  check(): void {
    const { running, waiting } = this.queue.state
    assert.ok(running >= 0 && running <= this.#limits.maxConcurrency, `${running} running`)
    assert.ok(waiting >= 0 && running + waiting <= this.#room + Math.floor(this.#limits.maxQueue / 4))
    assert.equal(waiting, this.in('uploading', 'waiting').length)
    for (const { nUsers, nLong, modelId } of this.#engines.all()) {
      assert.ok(nUsers >= nLong && nLong >= 0)
      assert.ok(nUsers <= this.#limits.maxPerEngine)
      assert.equal(nUsers, this.in('running').filter(({ model }) => model === modelId).length)
    }
    const nLongRunning = this.in('running').filter(
      ({ isLong, reservation }) => isLong && reservation.stage === 'running',
    )
    assert.ok(nLongRunning.length <= Math.max(1, Math.floor(this.#limits.maxConcurrency * 0.75)))
  }

  /** Uploads arrive, and engines answer, one at a time: how many answers until none waits any more. */
  async finish(): Promise<number> {
    for (const request of this.in('uploading')) this.#admit(request)
    let nAnswers = 0
    for (;;) {
      this.#now += TURN_MS
      this.queue.advance()
      await settled()
      this.check()
      const [first] = this.in('running')
      if (!first) return nAnswers
      this.#end(first)
      nAnswers++
    }
  }
}

test('counts are never wrong and return to 0, no bound is exceeded, nothing ends twice, and none starves', async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(happening, { maxLength: 80 }), async (limits, happenings) => {
      const play = new Play(limits)
      for (const next of happenings) await play.happens(next)
      const nLeft = play.in('uploading', 'waiting', 'running').length
      assert.equal(await play.finish(), nLeft, 'each that is there is let in and answered')
      assert.deepEqual(play.queue.state, { running: 0, waiting: 0 })
      assert.equal(play.queue.isFull, limits.maxConcurrency + limits.maxQueue === 0)
    }),
    { numRuns: 200 },
  )
})

test('whatever one caller sends, and however slowly, another is let in and is among the next to run', async () => {
  const load = fc.array(fc.constantFrom('uploading', 'waiting'), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 4, max: 32 }),
      load,
      async (n, maxQueue, sent) => {
        const play = new Play({ maxConcurrency: n, maxQueue, maxPerEngine: n, maxLoaded: 1 })
        for (const state of sent) {
          await play.happens({ what: 'arrives', caller: 'busy', model: 'a', isLong: false })
          const nUploading = play.in('uploading').length
          if (state === 'waiting') await play.happens({ what: 'uploaded', which: nUploading - 1 })
        }
        await play.happens({ what: 'arrives', caller: 'second', model: 'a', isLong: false })
        const ours = play.in('uploading').at(-1)!
        assert.equal(ours.caller, 'second')
        await play.happens({ what: 'uploaded', which: play.in('uploading').length - 1 })
        if (ours.state !== 'running') await play.happens({ what: 'answered', which: 0 })
        assert.equal(ours.state, 'running', 'the first place that becomes free is for the caller with none')
      },
    ),
    { numRuns: 100 },
  )
})
