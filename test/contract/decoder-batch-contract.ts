/** What holds for windows in one batch, wherever their keys and values are kept. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DecoderBatch, StepBackend } from '../../src/inference/step-backend.ts'

export interface BatchSubject {
  readonly backend: StepBackend
  readonly vocabSize: number
  /** How far numbers may be apart that differ by rounding alone. */
  readonly tolerance: number
}

const POSITIONS = 60
const ROWS = 2
const TEXTS = [
  [998, 7],
  [998, 300, 301, 302],
  [998, 42, 43],
]
const WINDOWS = [samplesOf(POSITIONS, 1), samplesOf(POSITIONS, 2), samplesOf(POSITIONS, 3)]

/** @param open  the backend, opened once for all tests and disposed of behind them. */
export function decoderBatchContract(open: () => Promise<BatchSubject>): void {
  let subject: BatchSubject
  before(async () => {
    subject = await open()
  })
  after(async () => {
    await subject?.backend[Symbol.asyncDispose]()
  })

  const newBatch = () => subject.backend.batch(POSITIONS, ROWS)
  const begin = async (batch: DecoderBatch, slot: number, window: number) => {
    await subject.backend.encode(WINDOWS[window]!, batch, slot)
    batch.clear(slot)
    await batch.prompt(slot, TEXTS[window]!, [0])
  }
  const step = (batch: DecoderBatch, slots: readonly number[], tokens: readonly number[] = [9, 10]) => {
    const logitBias = new Float32Array(subject.vocabSize)
    return batch.step(
      slots.map((slot) => ({ slot, tokens, logitBias })),
      3,
      true,
    )
  }
  const ofSlot = (logits: Float32Array | undefined, slot: number, nRows = ROWS) =>
    logits!.subarray(nRows * slot * subject.vocabSize, nRows * (slot + 1) * subject.vocabSize)
  const alone = async (window: number) => {
    using batch = newBatch()
    await begin(batch, 0, window)
    return (await step(batch, [0])).logits!.slice()
  }
  const assertClose = (a: Float32Array, b: Float32Array, message?: string) => {
    const difference = largestDifference(a, b)
    assert.ok(difference < subject.tolerance, `${message ?? 'logits'} differ by ${difference}`)
  }

  test('a text fed token by token gives the logits of the text fed at once, however long it grows', async () => {
    const tokens = Array.from({ length: 70 }, (_, i) => 100 + ((i * 37) % 800))
    using whole = newBatch()
    await subject.backend.encode(WINDOWS[0]!, whole, 0)
    const atOnce = await whole.prompt(0, tokens, [40, 69])
    using stepped = newBatch()
    await subject.backend.encode(WINDOWS[0]!, stepped, 0)
    await stepped.prompt(0, tokens.slice(0, 30), [0])
    const logits: Float32Array[] = []
    for (const token of tokens.slice(30)) {
      logits.push(ofSlot((await step(stepped, [0], [token, token])).logits, 0).slice(0, subject.vocabSize))
    }
    assert.equal(stepped.lengthOf(0), tokens.length)
    assertClose(atOnce.subarray(0, subject.vocabSize), logits[10]!)
    assertClose(atOnce.subarray(subject.vocabSize), logits.at(-1)!)
  })

  test('texts of different lengths share a step and get what each gets alone', async () => {
    using batch = newBatch()
    for (const window of [0, 1, 2]) await begin(batch, window, window)
    const { logits, bestTokens, bestLogprobs } = await step(batch, [0, 1, 2])
    for (const window of [0, 1, 2]) assertClose(ofSlot(logits, window), await alone(window))
    for (let row = 0; row < 3 * ROWS; row++) {
      const ofRow = logits!.subarray(row * subject.vocabSize, (row + 1) * subject.vocabSize)
      const best = ofRow.indexOf(ofRow.reduce((a, b) => Math.max(a, b)))
      assert.equal(Number(bestTokens[3 * row]), best)
      assert.ok(bestLogprobs[3 * row]! >= bestLogprobs[3 * row + 1]! && bestLogprobs[3 * row]! < 0)
    }
  })

  test('a slot that takes no part, a new window in a used slot and a moved one change nothing', async () => {
    // What a wider batch leaves behind is longer than this one needs.
    subject.backend.batch(POSITIONS + 20, ROWS)[Symbol.dispose]()
    using batch = newBatch()
    for (const window of [0, 1, 2]) await begin(batch, window, window)
    const { logits } = await step(batch, [0, 2])
    assertClose(ofSlot(logits, 2), await alone(2))
    assert.equal(batch.lengthOf(1), 4, 'the one in between has not moved on')

    await begin(batch, 0, 1)
    batch.move(1, 2)
    const again = await step(batch, [0, 2])
    for (const slot of [0, 2]) assertClose(ofSlot(again.logits, slot), await alone(1))
  })

  test('windows come and go, and each gets what it gets alone', async () => {
    using batch = newBatch()
    await begin(batch, 0, 0)
    assertClose(ofSlot((await step(batch, [0])).logits, 0), await alone(0))
    await begin(batch, 1, 1)
    assertClose(ofSlot((await step(batch, [0, 1])).logits, 1), await alone(1))
    batch.clear(0)
    batch.move(1, 0)
    await begin(batch, 1, 2)
    assertClose(ofSlot((await step(batch, [0, 1])).logits, 1), await alone(2))
    batch.clear(0)
    assertClose(ofSlot((await step(batch, [1], [9, 9])).logits, 1), await twoSteps(2))
  })

  /** A window's logits after a step with different tokens, and one with equal ones. */
  const twoSteps = async (window: number) => {
    using batch = newBatch()
    await begin(batch, 0, window)
    await step(batch, [0])
    return (await step(batch, [0], [9, 9])).logits!.slice()
  }

  test('a row that branches off goes on like the row that it came from', async () => {
    using batch = newBatch()
    await begin(batch, 0, 0)
    await step(batch, [0], [500, 600])
    batch.branch(0, [0, 0])
    const { logits } = await step(batch, [0], [9, 9])
    assertClose(logits!.subarray(0, subject.vocabSize), logits!.subarray(subject.vocabSize))
    using straight = newBatch()
    await begin(straight, 0, 0)
    await step(straight, [0], [500, 500])
    assertClose(logits!, (await step(straight, [0], [9, 9])).logits!)
  })

  test('each window keeps its own bias', async () => {
    using batch = newBatch()
    for (const window of [0, 1]) await begin(batch, window, window)
    const only = (token: number) =>
      new Float32Array(subject.vocabSize).fill(Number.NEGATIVE_INFINITY).fill(0, token, token + 1)
    const steps = [0, 1].map((slot) => ({ slot, tokens: [9, 10], logitBias: only(70 + slot) }))
    const { bestTokens, bestLogprobs } = await batch.step(steps, 2, false)
    assert.deepEqual(
      [0, 2, 4, 6].map((i) => Number(bestTokens[i])),
      [70, 70, 71, 71],
    )
    assert.ok([1, 3, 5, 7].every((i) => bestLogprobs[i] === Number.NEGATIVE_INFINITY))
  })

  test('another number of rows is decoded over the features of a slot, which stays as it is', async () => {
    using batch = newBatch()
    for (const window of [0, 1]) await begin(batch, window, window)
    await step(batch, [0, 1])
    using solo = subject.backend.batchOver(batch, 1, 1)
    await solo.prompt(0, TEXTS[1]!, [0])
    await begin(batch, 2, 2) // others come in between
    assertClose(ofSlot((await step(solo, [0], [9])).logits, 0, 1), (await alone(1)).subarray(0, subject.vocabSize))
    assertClose(ofSlot((await step(batch, [1, 2], [9, 9])).logits, 1), await twoSteps(1))
  })

  test('attention to the audio is that of the slot, whatever else is in the batch', async () => {
    using batch = newBatch()
    for (const window of [0, 1, 2]) await begin(batch, window, window)
    await step(batch, [0, 1, 2])
    const tokens = Array.from({ length: 40 }, (_, i) => 900 + i)
    const shared = await subject.backend.align(batch, 1, tokens)
    using single = newBatch()
    await begin(single, 0, 1)
    const own = await subject.backend.align(single, 0, tokens)
    assert.equal(own.length % (tokens.length * POSITIONS), 0)
    assertClose(shared, own, 'scores')
  })
}

export function samplesOf(positions: number, seed = 1): Float32Array {
  return Float32Array.from(
    { length: positions * 320 },
    (_, i) => Math.sin(i * 0.05 * seed) * 0.3 + Math.sin(i * 0.31) * 0.1,
  )
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)
}
