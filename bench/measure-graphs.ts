/**
 * Times the graphs of one compiled model without anything around them: an encoder window of 30 s and of 12 s, and a
 * decoding step. A process of its own, so that its peak memory is this model's. Usage: measure-graphs.ts CHECKPOINT
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import { DECODER_FILE, ENCODER_FILE, SAMPLES_PER_POSITION } from '../src/graph/index.ts'
import { silentLogger } from '../src/logger.ts'
import { compiledGraphs } from '../src/models/compiled-model.ts'
import { DecoderSession, EncoderSession, resolveDevice } from '../src/runtime/index.ts'
import { median } from './median.ts'

const [checkpointFolder] = process.argv.slice(2)
const { engine } = readConfig()
const settings = { device: resolveDevice(engine.device), threads: engine.threads }

using checkpoint = await openCheckpoint(checkpointFolder!)
const signal = new AbortController().signal
const options = { name: 'bench', settings: engine, signal, logger: silentLogger }
const folder = await compiledGraphs(checkpoint, checkpointFolder!, options)
const started = performance.now()
await using encoder = await EncoderSession.open(join(folder, ENCODER_FILE), checkpoint.config, settings)
await using decoder = await DecoderSession.open(join(folder, DECODER_FILE), checkpoint.config, settings)
const openSeconds = (performance.now() - started) / 1000

const encodeSeconds = async (positions: number, times: number) => {
  const samples = Float32Array.from({ length: positions * SAMPLES_PER_POSITION }, () => Math.random() * 0.2 - 0.1)
  const seconds: number[] = []
  for (let i = 0; i <= times; i++) {
    const from = performance.now()
    using _features = await encoder.encode([samples], SAMPLES_PER_POSITION)
    if (i > 0) seconds.push((performance.now() - from) / 1000) // the first warms up
  }
  return median(seconds)
}

const stepSeconds = async (nRows: number) => {
  const samples = new Float32Array(1500 * SAMPLES_PER_POSITION)
  using features = await encoder.encode(
    Array.from({ length: nRows }, () => samples),
    SAMPLES_PER_POSITION,
  )
  using rows = decoder.start(features)
  const seconds: number[] = []
  for (let token = 0; token < 40; token++) {
    const from = performance.now()
    await rows.step(
      Array.from({ length: nRows }, () => [1000 + token]),
      [0],
    )
    if (token >= 8) seconds.push((performance.now() - from) / 1000)
  }
  return median(seconds)
}

const times = checkpoint.config.dModel > 1000 ? 2 : 5
const result = {
  openSeconds,
  encoder30sSeconds: await encodeSeconds(1500, times),
  encoder12sSeconds: await encodeSeconds(600, times),
  tokenMs: (await stepSeconds(1)) * 1000,
  tokenOfFourMs: ((await stepSeconds(4)) * 1000) / 4,
  peakResidentMb: Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024,
}
console.log(JSON.stringify(result))
