import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogitRules } from '../whisper/index.ts'
import type { FairShare } from './fair-share.ts'
import { type OpenWindow, WindowScheduler } from './scheduler.ts'
import type { DecoderBatch, SlotStep, StepBackend, StepOutput } from './step-backend.ts'

const VOCAB = 4
const rules: LogitRules = { logitBias: new Float32Array(VOCAB), needsLogits: false }
const never = new AbortController().signal

/** A batch that remembers which slots took part in which step; each row's best token is 100 · slot + its last token. */
class ScriptedBatch implements DecoderBatch {
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

  async step(steps: readonly SlotStep[], nBest: number, needsLogits: boolean): Promise<StepOutput> {
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
  const batches: ScriptedBatch[] = []
  const newBatch = (audioContext: number, rows: number) => {
    const batch = new ScriptedBatch(audioContext, rows, log)
    batches.push(batch)
    return batch
  }
  const model: StepBackend<ScriptedBatch> = {
    mostPositions,
    mostWindows: () => 2,
    batch: newBatch,
    batchOver: (batch, _slot, rows) => newBatch(batch.audioContext, rows),
    encode: async (samples, batch, slot) => {
      log.push(`encode ${batch.audioContext}:${slot}`)
      if (samples.length === 0) throw new Error('no samples')
    },
    align: async () => new Float32Array(1),
    [Symbol.asyncDispose]: async () => {},
  }
  // No time passes, so that whose turn it is does not depend on what else the machine does.
  const scheduler = new WindowScheduler(model, () => 0)
  const open = (audioContext: number, share: FairShare, signal = never, rows = 1) =>
    scheduler.open(new Float32Array(1), audioContext, rows, share, signal)
  return { scheduler, open, log, batches }
}

/** Prompts a window and takes `nSteps` steps; the tokens that came out. */
async function decode(
  scheduler: WindowScheduler<ScriptedBatch>,
  window: OpenWindow<ScriptedBatch>,
  nSteps: number,
  first = 1,
): Promise<number[]> {
  using decoder = scheduler.decoder(window, 1, rules)
  await decoder.prompt([7], [0])
  const said: number[] = []
  for (let i = 0; i < nSteps; i++) said.push(Number((await decoder.step([first + i])).tokens[0]))
  return said
}

test('windows of different requests share the steps of their batch, and each gets its own answers', async () => {
  const { scheduler, open, log } = openScheduler()
  const [a, b] = await Promise.all([open(600, scheduler.newShare()), open(600, scheduler.newShare())])
  const said = await Promise.all([decode(scheduler, a, 3), decode(scheduler, b, 3, 40)])
  assert.deepEqual(said, [
    [1, 2, 3],
    [140, 141, 142],
  ])
  assert.ok(log.filter((line) => line === 'step 600:0,1').length >= 2, 'all but perhaps the first')
})

test('it counts its steps, and the windows that took part in them', async () => {
  const { scheduler, open, log } = openScheduler()
  assert.deepEqual(scheduler.stepCounts, { steps: 0, windowSteps: 0 })
  const [a, b] = await Promise.all([open(600, scheduler.newShare()), open(600, scheduler.newShare())])
  await Promise.all([decode(scheduler, a, 2), decode(scheduler, b, 5)])
  const steps = log.filter((line) => line.startsWith('step')).length
  assert.deepEqual(scheduler.stepCounts, { steps, windowSteps: 7 })
})

test('windows of different contexts have batches of their own, which go when they are empty', async () => {
  const { scheduler, open, batches } = openScheduler()
  const windows = await Promise.all([open(600, scheduler.newShare()), open(1500, scheduler.newShare())])
  await Promise.all(windows.map((window) => decode(scheduler, window, 2)))
  for (const window of windows) scheduler.close(window)
  assert.deepEqual(
    batches.map((batch) => [batch.audioContext, batch.isDisposed]),
    [
      [600, true],
      [1500, true],
    ],
  )
})

test('a full batch lets the next window in as soon as one has left, which the others need not wait for', async () => {
  const { scheduler, open, log } = openScheduler()
  const shares = [0, 1, 2].map(() => scheduler.newShare())
  const run = async (share: FairShare, nSteps: number) => {
    const window = await open(600, share)
    const said = await decode(scheduler, window, nSteps)
    scheduler.close(window)
    return said
  }
  await Promise.all([run(shares[0]!, 2), run(shares[1]!, 9), run(shares[2]!, 2)])
  const third = log.lastIndexOf('encode 600:0')
  assert.ok(third > log.indexOf('step 600:0,1'), 'it waited for a slot')
  assert.ok(log.slice(third).includes('step 600:0,1'), 'and shares steps with the one that still goes on')
})

test('a window moves down when nobody waits for the slot below it', async () => {
  const { scheduler, open, log, batches } = openScheduler()
  const [a, b] = await Promise.all([open(600, scheduler.newShare()), open(600, scheduler.newShare())])
  const running = decode(scheduler, b, 4)
  scheduler.close(a)
  const said = await running
  assert.ok(log.includes('move 1 to 0'))
  assert.equal(said.at(-1), 4, 'it is in slot 0 now')
  assert.deepEqual(batches[0]!.slots.get(0), [7, 1, 2, 3, 4])
})

test('a short request passes a long one that has had its share', async () => {
  const { scheduler, open, log } = openScheduler()
  const long = scheduler.newShare()
  long.charge(5000, 0)
  const short = scheduler.newShare()
  const first = await open(1500, long)
  const decoding = decode(scheduler, first, 50)
  const window = await open(600, short)
  await decode(scheduler, window, 5)
  const steps = log.filter((line) => line.startsWith('step'))
  const lastOfShort = steps.lastIndexOf('step 600:0')
  assert.ok(steps.slice(0, lastOfShort).filter((line) => line === 'step 1500:0').length < 10)
  await decoding
})

test('not more windows are open than memory allows, but one always', async () => {
  const { scheduler, open, log } = openScheduler(1000)
  const share = scheduler.newShare()
  const first = await open(1500, share)
  const second = open(600, share)
  await decode(scheduler, first, 2)
  assert.ok(!log.includes('encode 600:0'))
  scheduler.close(first)
  await second
  assert.ok(log.includes('encode 600:0'))
})

test('an abort frees who waits, whether for a slot or for a step, and the others go on', async () => {
  const { scheduler, open } = openScheduler(600)
  const first = await open(600, scheduler.newShare())
  const controller = new AbortController()
  const waiting = open(600, scheduler.newShare(), controller.signal)
  controller.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.deepEqual(await decode(scheduler, first, 2), [1, 2])
  scheduler.close(first)

  const other = new AbortController()
  const window = await open(600, scheduler.newShare(), other.signal)
  using decoder = scheduler.decoder(window, 1, rules)
  await decoder.prompt([7], [0])
  const step = decoder.step([1])
  other.abort()
  await assert.rejects(step, { name: 'AbortError' })
})

test('a window that cannot be encoded gives its slot back', async () => {
  const { scheduler, open } = openScheduler(600)
  const failing = scheduler.open(new Float32Array(0), 600, 1, scheduler.newShare(), never)
  await assert.rejects(failing, /no samples/)
  await open(600, scheduler.newShare())
})

test('with another number of rows a window is decoded on its own', async () => {
  const { scheduler, open, batches } = openScheduler()
  const window = await open(600, scheduler.newShare())
  {
    using decoder = scheduler.decoder(window, 3, { ...rules, needsLogits: true })
    await decoder.prompt([7], [0])
    const next = await decoder.step([1, 2, 3], [0, 0, 2])
    assert.equal(decoder.nRows, 3)
    assert.equal(next.logits!.length, 3 * VOCAB)
  }
  assert.deepEqual(
    batches.map((batch) => [batch.rowsPerWindow, batch.isDisposed]),
    [
      [1, false],
      [3, true],
    ],
  )
  assert.deepEqual(await decode(scheduler, window, 1), [1], 'and can be started again')
})
