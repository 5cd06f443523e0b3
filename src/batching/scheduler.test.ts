import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenChoice } from '../decode/index.ts'
import type { BatchModel, Lane, LaneStep, LaneStepOutput } from './lane.ts'
import { WindowScheduler } from './scheduler.ts'
import type { Ticket } from './ticket.ts'
import type { OpenWindow } from './window.ts'

const VOCAB = 4
const bias: TokenChoice = { tokenBias: new Float32Array(VOCAB), needsLogits: false }
const never = new AbortController().signal

/** A lane that remembers which slots took part in which step; each row's best token is 100 · slot + its last token. */
class ScriptedLane implements Lane {
  readonly audioContext: number
  readonly rowsPerWindow: number
  readonly nWindows = 2
  readonly slots = new Map<number, number[]>()
  isDisposed = false
  readonly #log: string[]

  constructor(audioContext: number, rowsPerWindow: number, log: string[]) {
    this.audioContext = audioContext
    this.rowsPerWindow = rowsPerWindow
    this.#log = log
  }

  lengthOf(slot: number): number {
    return this.slots.get(slot)?.length ?? 0
  }

  clear(slot: number): void {
    this.slots.set(slot, [])
  }

  async prompt(slot: number, tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    this.#log.push(`prompt ${this.audioContext}:${slot}`)
    this.slots.set(slot, [...tokens])
    return new Float32Array(logitsAt.length * VOCAB)
  }

  branch(slot: number, parents: readonly number[]): void {
    this.#log.push(`branch ${slot} ${parents.join()}`)
  }

  async step(steps: readonly LaneStep[], nBest: number, needsLogits: boolean): Promise<LaneStepOutput> {
    const slots = steps.map(({ slot }) => slot).sort((a, b) => a - b)
    this.#log.push(`step ${this.audioContext}:${slots.join()}`)
    const nRows = (1 + Math.max(...steps.map(({ slot }) => slot))) * this.rowsPerWindow
    const bestTokens = new BigInt64Array(nRows * nBest)
    for (const { slot, tokens } of steps) {
      this.slots.get(slot)!.push(tokens[0]!)
      for (const [i, token] of tokens.entries()) {
        bestTokens[(slot * this.rowsPerWindow + i) * nBest] = BigInt(100 * slot + token)
      }
    }
    const logits = needsLogits ? new Float32Array(nRows * VOCAB) : undefined
    return { bestTokens, bestLogprobs: new Float32Array(nRows * nBest), logits }
  }

  move(from: number, to: number): void {
    this.#log.push(`move ${from} to ${to}`)
    this.slots.set(to, this.slots.get(from)!)
  }

  [Symbol.dispose](): void {
    this.isDisposed = true
  }
}

function openScheduler(mostPositions = 10_000) {
  const log: string[] = []
  const lanes: ScriptedLane[] = []
  const newLane = (audioContext: number, rows: number) => {
    const lane = new ScriptedLane(audioContext, rows, log)
    lanes.push(lane)
    return lane
  }
  const model: BatchModel<ScriptedLane> = {
    mostPositions,
    lane: newLane,
    laneOver: (lane, _slot, rows) => newLane(lane.audioContext, rows),
    encode: async (samples, lane, slot) => {
      log.push(`encode ${lane.audioContext}:${slot}`)
      if (samples.length === 0) throw new Error('no samples')
    },
    align: async () => new Float32Array(1),
  }
  // No time passes, so that whose turn it is does not depend on what else the machine does.
  const scheduler = new WindowScheduler(model, () => 0)
  const open = (audioContext: number, ticket: Ticket, signal = never, rows = 1) =>
    scheduler.open(new Float32Array(1), audioContext, rows, ticket, signal)
  return { scheduler, open, log, lanes }
}

/** Prompts a window and takes `nSteps` steps; the tokens that came out. */
async function decode(window: OpenWindow, nSteps: number, first = 1): Promise<number[]> {
  using decoder = window.start(1, bias)
  await decoder.prompt([7], [0])
  const said: number[] = []
  for (let i = 0; i < nSteps; i++) said.push(Number((await decoder.step([first + i])).tokens[0]))
  return said
}

test('windows of different requests share the steps of their lane, and each gets its own answers', async () => {
  const { scheduler, open, log } = openScheduler()
  const [a, b] = await Promise.all([open(600, scheduler.newTicket()), open(600, scheduler.newTicket())])
  const said = await Promise.all([decode(a, 3), decode(b, 3, 40)])
  assert.deepEqual(said, [
    [1, 2, 3],
    [140, 141, 142],
  ])
  assert.ok(log.filter((line) => line === 'step 600:0,1').length >= 2, 'all but perhaps the first')
})

test('it counts its steps, and the windows that took part in them', async () => {
  const { scheduler, open, log } = openScheduler()
  assert.deepEqual(scheduler.stepCounts, { steps: 0, windowSteps: 0 })
  const [a, b] = await Promise.all([open(600, scheduler.newTicket()), open(600, scheduler.newTicket())])
  await Promise.all([decode(a, 2), decode(b, 5)])
  const steps = log.filter((line) => line.startsWith('step')).length
  assert.deepEqual(scheduler.stepCounts, { steps, windowSteps: 7 })
})

test('windows of different contexts have lanes of their own, which go when they are empty', async () => {
  const { scheduler, open, lanes } = openScheduler()
  const windows = await Promise.all([open(600, scheduler.newTicket()), open(1500, scheduler.newTicket())])
  await Promise.all(windows.map((window) => decode(window, 2)))
  for (const window of windows) window[Symbol.dispose]()
  assert.deepEqual(
    lanes.map((lane) => [lane.audioContext, lane.isDisposed]),
    [
      [600, true],
      [1500, true],
    ],
  )
})

test('a full lane lets the next window in as soon as one has left, which the others need not wait for', async () => {
  const { scheduler, open, log } = openScheduler()
  const tickets = [0, 1, 2].map(() => scheduler.newTicket())
  const run = async (ticket: Ticket, nSteps: number) => {
    using window = await open(600, ticket)
    return await decode(window, nSteps)
  }
  await Promise.all([run(tickets[0]!, 2), run(tickets[1]!, 9), run(tickets[2]!, 2)])
  const third = log.lastIndexOf('encode 600:0')
  assert.ok(third > log.indexOf('step 600:0,1'), 'it waited for a slot')
  assert.ok(log.slice(third).includes('step 600:0,1'), 'and shares steps with the one that still goes on')
})

test('a window moves down when nobody waits for the slot below it', async () => {
  const { scheduler, open, log, lanes } = openScheduler()
  const [a, b] = await Promise.all([open(600, scheduler.newTicket()), open(600, scheduler.newTicket())])
  const running = decode(b, 4)
  a[Symbol.dispose]()
  const said = await running
  assert.ok(log.includes('move 1 to 0'))
  assert.equal(said.at(-1), 4, 'it is in slot 0 now')
  assert.deepEqual(lanes[0]!.slots.get(0), [7, 1, 2, 3, 4])
})

test('a short request passes a long one that has had its share', async () => {
  const { scheduler, open, log } = openScheduler()
  const long = scheduler.newTicket()
  long.charge(5000, 0)
  const short = scheduler.newTicket()
  const first = await open(1500, long)
  const decoding = decode(first, 50)
  const window = await open(600, short)
  await decode(window, 5)
  const steps = log.filter((line) => line.startsWith('step'))
  const lastOfShort = steps.lastIndexOf('step 600:0')
  assert.ok(steps.slice(0, lastOfShort).filter((line) => line === 'step 1500:0').length < 10)
  await decoding
})

test('not more windows are open than memory allows, but one always', async () => {
  const { scheduler, open, log } = openScheduler(1000)
  const ticket = scheduler.newTicket()
  const first = await open(1500, ticket)
  const second = open(600, ticket)
  await decode(first, 2)
  assert.ok(!log.includes('encode 600:0'))
  first[Symbol.dispose]()
  await second
  assert.ok(log.includes('encode 600:0'))
})

test('an abort frees who waits, whether for a slot or for a step, and the others go on', async () => {
  const { scheduler, open } = openScheduler(600)
  const first = await open(600, scheduler.newTicket())
  const controller = new AbortController()
  const waiting = open(600, scheduler.newTicket(), controller.signal)
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.deepEqual(await decode(first, 2), [1, 2])
  first[Symbol.dispose]()

  const other = new AbortController()
  const window = await open(600, scheduler.newTicket(), other.signal)
  using decoder = window.start(1, bias)
  await decoder.prompt([7], [0])
  const step = decoder.step([1])
  other.abort()
  await assert.rejects(step, { name: 'AbortError' })
})

test('a window that cannot be encoded gives its slot back', async () => {
  const { scheduler, open } = openScheduler(600)
  const failing = scheduler.open(new Float32Array(0), 600, 1, scheduler.newTicket(), never)
  await assert.rejects(failing, /no samples/)
  await open(600, scheduler.newTicket())
})

test('with another number of rows a window is decoded on its own', async () => {
  const { scheduler, open, lanes } = openScheduler()
  const window = await open(600, scheduler.newTicket())
  {
    using decoder = window.start(3, { ...bias, needsLogits: true })
    await decoder.prompt([7], [0])
    const next = await decoder.step([1, 2, 3], [0, 0, 2])
    assert.equal(decoder.nRows, 3)
    assert.equal(next.logits!.length, 3 * VOCAB)
  }
  assert.deepEqual(
    lanes.map((lane) => [lane.rowsPerWindow, lane.isDisposed]),
    [
      [1, false],
      [3, true],
    ],
  )
  assert.deepEqual(await decode(window, 1), [1], 'and can be started again')
})
