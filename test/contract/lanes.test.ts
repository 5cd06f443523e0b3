/** Windows in one lane, with keys and values in our own memory and as a device keeps them, both on the processor. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { type CompileOptions, compile } from '../../src/graph/index.ts'
import { openDeviceGraphs } from '../../src/models/device-graphs.ts'
import type { ModelGraphs } from '../../src/models/model-graphs.ts'
import { openProcessorGraphs } from '../../src/models/processor-graphs.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { laneContract, largestDifference, samplesOf } from './lane-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-lanes-'))
after(() => rmSync(root, { recursive: true, force: true }))
const shape = tinyShape()
const settings = { device: 'cpu', threads: 1 } as const
writeRandomCheckpoint(join(root, 'checkpoint'), shape)
using checkpoint = await openCheckpoint(join(root, 'checkpoint'))

function compiled(target: NonNullable<CompileOptions['target']>): string {
  const folder = join(root, target)
  mkdirSync(folder)
  compile(checkpoint, folder, { target })
  return folder
}
const folders = { processor: compiled('processor'), device: compiled('device') }
const subject = { vocabSize: shape.vocabSize, tolerance: 1e-4 }

describe('lanes in our own memory', () => {
  laneContract(async () => ({
    ...subject,
    graphs: await openProcessorGraphs(checkpoint, folders.processor, settings),
  }))
})

describe('lanes as a device keeps them', () => {
  laneContract(async () => ({ ...subject, graphs: await openDeviceGraphs(checkpoint, folders.device, settings) }))
})

test('both give the same logits, the same candidates and the same attention to the audio', async () => {
  await using processor = await openProcessorGraphs(checkpoint, folders.processor, settings)
  await using device = await openDeviceGraphs(checkpoint, folders.device, settings)
  const results = []
  const models: readonly ModelGraphs[] = [processor, device]
  for (const { batchModel } of models) {
    using lane = batchModel.lane(60, 2)
    await batchModel.encode(samplesOf(60), lane, 0)
    const prompted = (await lane.prompt(0, [50258, 11, 500], [0, 2])).slice()
    const tokenBias = new Float32Array(shape.vocabSize).fill(Number.NEGATIVE_INFINITY, 0, 30_000)
    const stepped = await lane.step([{ slot: 0, tokens: [7, 8], tokenBias }], 3, true)
    const scores = await batchModel.align(lane, 0, [50258, 11, 500, 7])
    results.push({ prompted, scores, logits: stepped.logits!, best: [...stepped.bestTokens] })
  }
  const [a, b] = results as [(typeof results)[number], (typeof results)[number]]
  for (const name of ['prompted', 'scores', 'logits'] as const) {
    assert.ok(largestDifference(a[name], b[name]) < 1e-4, name)
  }
  assert.deepEqual(a.best, b.best)
})
