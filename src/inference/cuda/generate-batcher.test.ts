import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairShare } from '../fair-share.ts'
import { GenerateBatcher, type GenerateJob, type GenerateModel } from './generate-batcher.ts'
import type { GeneratedText, GenerateRules } from './generate-session.ts'

const rules: GenerateRules = {
  maxTokens: 8,
  eot: 9,
  sot: 1,
  noSpeech: 2,
  withTimestamps: false,
  timestampBegin: 10,
  latestFirst: 12,
  beamSize: 1,
  enough: 1,
  lengthPenalty: undefined,
  languageIds: [],
}

/** A window whose text is its number. */
function jobOf(window: number, prompt: readonly number[] = [1]): GenerateJob {
  return {
    samples: Float32Array.of(window),
    request: {
      prompt,
      alignmentPrompt: undefined,
      logitBias: new Float32Array(1),
      suppressAtBegin: [],
      longestRepeat: 0,
      rules,
    },
  }
}

const OUT_OF_MEMORY = new Error('Failed to allocate memory for requested buffer of size 4096')

/** Has memory for so many windows, and tells which went together. */
function modelFor(nWindows: number, mostWindows = 16): GenerateModel & { readonly batches: number[][] } {
  const batches: number[][] = []
  return {
    batches,
    mostWindows,
    async generate(jobs) {
      const windows = jobs.map(({ samples }) => samples[0]!)
      batches.push(windows)
      if (jobs.length > nWindows) throw OUT_OF_MEMORY
      return windows.map((window): GeneratedText => {
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

async function generateAll(
  batcher: GenerateBatcher,
  windows: readonly number[],
  share = new FairShare(0),
): Promise<number[]> {
  const texts = await Promise.all(windows.map((window) => batcher.generate(jobOf(window), share, never)))
  return texts.map(({ tokens }) => tokens[0]!)
}

test('windows that are there at once go together, as many as fit in a run', async () => {
  const model = modelFor(16, 3)
  const batcher = new GenerateBatcher(model)
  assert.deepEqual(await generateAll(batcher, [1, 2, 3, 4, 5]), [1, 2, 3, 4, 5])
  assert.deepEqual(model.batches, [
    [1, 2, 3],
    [4, 5],
  ])
  assert.deepEqual(batcher.stepCounts, { steps: 2, windowSteps: 5 })
})

test('where memory is too short the batch is halved, and every window gets its text all the same', async () => {
  const model = modelFor(3)
  const batcher = new GenerateBatcher(model)
  const windows = Array.from({ length: 16 }, (_, i) => i)
  assert.deepEqual(await generateAll(batcher, windows), windows)
  assert.deepEqual(
    model.batches.map(({ length }) => length),
    [16, 8, 4, 2, 2, 2, 2, 2, 2, 2, 2],
  )
  assert.equal(batcher.mostWindows, 2)
  await generateAll(batcher, [1, 2, 3])
  assert.deepEqual(model.batches.slice(-2), [[1, 2], [3]])
})

test('one window that does not fit fails, and those after it are tried', async () => {
  const model = modelFor(0, 1)
  const batcher = new GenerateBatcher(model)
  await assert.rejects(generateAll(batcher, [1]), OUT_OF_MEMORY)
  await assert.rejects(generateAll(batcher, [2]), OUT_OF_MEMORY)
})

test('another failure goes to the windows that it met, and to no others', async () => {
  const failure = new Error('CUDA failure 700: an illegal memory access was encountered')
  const good = modelFor(16, 2)
  const model: GenerateModel = {
    ...good,
    generate: async (jobs) => {
      if (jobs.some(({ samples }) => samples[0] === 1)) throw failure
      return await good.generate(jobs)
    },
  }
  const batcher = new GenerateBatcher(model)
  const share = new FairShare(0)
  const found = await Promise.allSettled([1, 2, 3].map((window) => batcher.generate(jobOf(window), share, never)))
  assert.deepEqual(
    found.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  )
  assert.equal(batcher.mostWindows, 2)
})

test('while a recording is being read its windows wait for one another', async () => {
  const model = modelFor(16, 4)
  const batcher = new GenerateBatcher(model)
  const share = new FairShare(0)
  batcher.setReading(share, true)
  const first = generateAll(batcher, [1], share)
  for (let i = 0; i < 5; i++) await new Promise(setImmediate)
  assert.deepEqual(model.batches, [])
  const others = generateAll(batcher, [2, 3, 4, 5], share)
  await first
  assert.deepEqual(model.batches, [[1, 2, 3, 4]])
  batcher.setReading(share, false)
  assert.deepEqual(await others, [2, 3, 4, 5])
  assert.deepEqual(model.batches[1], [5])
})

test('a recording that keeps its reader waiting does not keep its windows waiting for ever', async () => {
  const batcher = new GenerateBatcher(modelFor(16))
  const share = new FairShare(0)
  batcher.setReading(share, true)
  assert.deepEqual(await generateAll(batcher, [1], share), [1])
})

test('windows of several requests go together where their prompts are of one length', async () => {
  const model = modelFor(16)
  const batcher = new GenerateBatcher(model)
  const asked = [jobOf(1), jobOf(2, [7, 7, 1]), jobOf(3), jobOf(4, [8, 8, 1])]
  await Promise.all(asked.map((job) => batcher.generate(job, new FairShare(0), never)))
  assert.deepEqual(model.batches, [
    [1, 3],
    [2, 4],
  ])
})

test('a window whose request has gone takes no part', async () => {
  const model = modelFor(16)
  const batcher = new GenerateBatcher(model)
  const [controller, share] = [new AbortController(), new FairShare(0)]
  batcher.setReading(share, true)
  const gone = batcher.generate(jobOf(1), share, controller.signal)
  const stays = batcher.generate(jobOf(2), share, never)
  controller.abort()
  batcher.setReading(share, false)
  await assert.rejects(gone, { name: 'AbortError' })
  await stays
  assert.deepEqual(model.batches, [[2]])
})
