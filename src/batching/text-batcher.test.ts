import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FoundText, TextRules } from '../decode/index.ts'
import { TextBatcher, type TextBatchModel, type TextJob } from './text-batcher.ts'
import { Ticket } from './ticket.ts'

const rules: TextRules = {
  maxTokens: 8,
  eot: 9,
  sot: 1,
  noSpeech: 2,
  withTimestamps: false,
  timestampBegin: 10,
  latestFirst: 12,
  stopLoops: true,
  beamSize: 1,
  enough: 1,
  lengthPenalty: undefined,
  languageIds: [],
}

/** A window whose text is its number. */
function jobOf(window: number, prompt: readonly number[] = [1]): TextJob {
  return {
    samples: Float32Array.of(window),
    tokenBias: new Float32Array(1),
    request: { prompt, alignmentPrompt: undefined, suppressAtBegin: [], rules },
  }
}

const OUT_OF_MEMORY = new Error('Failed to allocate memory for requested buffer of size 4096')

/** Has memory for so many windows, and tells which went together. */
function modelFor(nWindows: number, mostWindows = 16): TextBatchModel & { readonly batches: number[][] } {
  const batches: number[][] = []
  return {
    batches,
    mostWindows,
    async findTexts(jobs) {
      const windows = jobs.map(({ samples }) => samples[0]!)
      batches.push(windows)
      if (jobs.length > nWindows) throw OUT_OF_MEMORY
      return windows.map((window): FoundText => {
        return {
          tokens: [window],
          logprobs: [0],
          ended: 'length',
          noSpeechProb: 0,
          languageProbs: undefined,
          alignmentScores: undefined,
        }
      })
    },
    isOutOfMemory: (error) => error === OUT_OF_MEMORY,
  }
}

const never = new AbortController().signal

async function findAll(batcher: TextBatcher, windows: readonly number[], ticket = new Ticket(0)): Promise<number[]> {
  const texts = await Promise.all(windows.map((window) => batcher.find(jobOf(window), ticket, never)))
  return texts.map(({ tokens }) => tokens[0]!)
}

test('windows that are there at once go together, as many as fit in a run', async () => {
  const model = modelFor(16, 3)
  const batcher = new TextBatcher(model)
  assert.deepEqual(await findAll(batcher, [1, 2, 3, 4, 5]), [1, 2, 3, 4, 5])
  assert.deepEqual(model.batches, [
    [1, 2, 3],
    [4, 5],
  ])
  assert.deepEqual(batcher.stepCounts, { steps: 2, windowSteps: 5 })
})

test('where memory is too short the batch is halved, and every window gets its text all the same', async () => {
  const model = modelFor(3)
  const batcher = new TextBatcher(model)
  const windows = Array.from({ length: 16 }, (_, i) => i)
  assert.deepEqual(await findAll(batcher, windows), windows)
  assert.deepEqual(
    model.batches.map(({ length }) => length),
    [16, 8, 4, 2, 2, 2, 2, 2, 2, 2, 2],
  )
  assert.equal(batcher.mostWindows, 2)
  await findAll(batcher, [1, 2, 3])
  assert.deepEqual(model.batches.slice(-2), [[1, 2], [3]])
})

test('one window that does not fit fails, and those after it are tried', async () => {
  const model = modelFor(0, 1)
  const batcher = new TextBatcher(model)
  await assert.rejects(findAll(batcher, [1]), OUT_OF_MEMORY)
  await assert.rejects(findAll(batcher, [2]), OUT_OF_MEMORY)
})

test('another failure goes to the windows that it met, and to no others', async () => {
  const failure = new Error('CUDA failure 700: an illegal memory access was encountered')
  const good = modelFor(16, 2)
  const model: TextBatchModel = {
    ...good,
    findTexts: async (jobs) => {
      if (jobs.some(({ samples }) => samples[0] === 1)) throw failure
      return await good.findTexts(jobs)
    },
  }
  const batcher = new TextBatcher(model)
  const ticket = new Ticket(0)
  const found = await Promise.allSettled([1, 2, 3].map((window) => batcher.find(jobOf(window), ticket, never)))
  assert.deepEqual(
    found.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  )
  assert.equal(batcher.mostWindows, 2)
})

test('while a recording is being read its windows wait for one another', async () => {
  const model = modelFor(16, 4)
  const batcher = new TextBatcher(model)
  const ticket = new Ticket(0)
  batcher.setReading(ticket, true)
  const first = findAll(batcher, [1], ticket)
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  assert.deepEqual(model.batches, [])
  const others = findAll(batcher, [2, 3, 4, 5], ticket)
  await first
  assert.deepEqual(model.batches, [[1, 2, 3, 4]])
  batcher.setReading(ticket, false)
  assert.deepEqual(await others, [2, 3, 4, 5])
  assert.deepEqual(model.batches[1], [5])
})

test('a recording that keeps its reader waiting does not keep its windows waiting for ever', async () => {
  const batcher = new TextBatcher(modelFor(16))
  const ticket = new Ticket(0)
  batcher.setReading(ticket, true)
  assert.deepEqual(await findAll(batcher, [1], ticket), [1])
})

test('windows of several requests go together where their prompts are of one length', async () => {
  const model = modelFor(16)
  const batcher = new TextBatcher(model)
  const asked = [jobOf(1), jobOf(2, [7, 7, 1]), jobOf(3), jobOf(4, [8, 8, 1])]
  await Promise.all(asked.map((job) => batcher.find(job, new Ticket(0), never)))
  assert.deepEqual(model.batches, [
    [1, 3],
    [2, 4],
  ])
})

test('a window whose request has gone takes no part', async () => {
  const model = modelFor(16)
  const batcher = new TextBatcher(model)
  const [controller, ticket] = [new AbortController(), new Ticket(0)]
  batcher.setReading(ticket, true)
  const gone = batcher.find(jobOf(1), ticket, controller.signal)
  const stays = batcher.find(jobOf(2), ticket, never)
  controller.abort()
  batcher.setReading(ticket, false)
  await assert.rejects(gone, { name: 'AbortError' })
  await stays
  assert.deepEqual(model.batches, [[2]])
})
