/**
 * Times the graphs of one compiled model without anything around them: an encoder window of 30 s and of 12 s, and a
 * decoding step. A process of its own, so that its peak memory is this model's. Usage: measure-graphs.ts CHECKPOINT
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import {
  alignmentHeadsOf,
  DECODER_FILE,
  EMBEDDINGS_FILE,
  ENCODER_FILE,
  SAMPLES_PER_POSITION,
} from '../src/compiler/index.ts'
import { readConfig } from '../src/config.ts'
import { CpuDecoder, CpuEncoder } from '../src/inference/index.ts'
import { silentLogger } from '../src/logger.ts'
import { resolveDevice } from '../src/models/compiled/identity.ts'
import { compiledGraphs } from '../src/models/compiled-model.ts'
import { tokenTimes } from '../src/whisper/index.ts'
import { median } from './median.ts'

const [checkpointFolder] = process.argv.slice(2)
const { engine } = readConfig()
const settings = { device: resolveDevice(engine.device), threads: engine.threads }

using checkpoint = await openCheckpoint(checkpointFolder!)
const signal = new AbortController().signal
const options = { name: 'bench', settings: engine, signal, logger: silentLogger }
const folder = await compiledGraphs(checkpoint, checkpointFolder!, options)
const started = performance.now()
const { config, generation } = checkpoint
await using encoder = await CpuEncoder.open(join(folder, ENCODER_FILE), settings)
const decoderModel = {
  graph: join(folder, DECODER_FILE),
  embeddings: join(folder, EMBEDDINGS_FILE),
  alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
}
await using decoder = await CpuDecoder.open(decoderModel, config, settings)
const openSeconds = (performance.now() - started) / 1000

const encodeSeconds = async (positions: number, times: number) => {
  const samples = Float32Array.from({ length: positions * SAMPLES_PER_POSITION }, () => Math.random() * 0.2 - 0.1)
  using batch = decoder.batch(positions, 1, 1)
  const seconds: number[] = []
  for (let i = 0; i <= times; i++) {
    const from = performance.now()
    await encoder.encode(samples, batch.featuresOf(0))
    if (i > 0) seconds.push((performance.now() - from) / 1000) // the first warms up
  }
  return median(seconds)
}

const stepSeconds = async (nWindows: number, nRows: number) => {
  using batch = decoder.batch(1500, nRows, nWindows)
  const logitBias = new Float32Array(batch.vocabSize)
  const seconds: number[] = []
  for (let slot = 0; slot < nWindows; slot++) await batch.prompt(slot, [1, 2, 3, 4], [0])
  for (let token = 0; token < 40; token++) {
    const steps = Array.from({ length: nWindows }, (_, slot) => ({
      slot,
      tokens: new Array(nRows).fill(1000 + token),
      logitBias,
    }))
    const from = performance.now()
    await batch.step(steps, nRows + 1, false)
    if (token >= 8) seconds.push((performance.now() - from) / 1000)
  }
  return median(seconds)
}

/** The times of the words of one full window: 100 tokens, as 30 s of speech have. */
const alignSeconds = async (times: number) => {
  using batch = decoder.batch(1500, 1, 1)
  const tokens = Array.from({ length: 105 }, (_, i) => 1000 + i)
  const seconds: number[] = []
  for (let i = 0; i <= times; i++) {
    const from = performance.now()
    const data = await decoder.alignmentScores(batch.featuresOf(0), tokens)
    const scores = { data, nTokens: tokens.length, audioContext: 1500, nHeads: data.length / (tokens.length * 1500) }
    tokenTimes(scores, 3, 100, 1500, generation.alignmentHeads === undefined)
    if (i > 0) seconds.push((performance.now() - from) / 1000)
  }
  return median(seconds)
}

const times = checkpoint.config.dModel > 1000 ? 2 : 5
const result = {
  openSeconds,
  encoder30sSeconds: await encodeSeconds(1500, times),
  encoder12sSeconds: await encodeSeconds(600, times),
  tokenMs: (await stepSeconds(1, 1)) * 1000,
  tokenOfFourMs: ((await stepSeconds(4, 1)) * 1000) / 4,
  alignSeconds: await alignSeconds(times),
  tokenOfFiveBeamsMs: (await stepSeconds(1, 5)) * 1000,
  peakResidentMb: Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024,
}
console.log(JSON.stringify(result))
