/**
 * Measures one model on one device, in a process of its own, whose end gives everything back: part of gpu.ts, which gives it
 * its job in GPU_JOB. Prints one line of JSON.
 */

import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import { compile, GENERATE_FILE } from '../src/compiler/index.ts'
import { readConfig } from '../src/config.ts'
import { CudaModel } from '../src/inference/cuda/model.ts'
import { openCudaModel } from '../src/inference/cuda/open.ts'
import { silentLogger } from '../src/logger.ts'
import { openCompiledModel } from '../src/models/compiled-model.ts'
import type { DecodeOptions, SpeechModel } from '../src/whisper/index.ts'
import { median } from './median.ts'

export interface GpuJob {
  readonly checkpointFolder: string
  readonly batches: readonly number[]
  readonly nTokens: number
  readonly nCompared: number
  /** Whole texts in one run, also where the device would take steps. */
  readonly isWhole: boolean
}

export interface GpuMeasured {
  readonly way: 'generate' | 'steps'
  readonly openSeconds: number
  readonly batches: readonly BatchTimes[]
  readonly peakResidentMb: number
  /** Of the compared windows. */
  readonly texts: readonly { readonly tokens: readonly number[]; readonly logprobs: readonly number[] }[]
}

interface BatchTimes {
  readonly windows: number
  /** Encoder, prompt and a single token of all windows. */
  readonly oneTokenSeconds: number
  /** The same with `nTokens` tokens. */
  readonly seconds: number
  /** By the difference of these two; null where it is none, since a machine that is busy with other things hides it. */
  readonly msPerToken: number | null
  readonly timesRealTime: number
}

const POSITIONS = 1500
const SECONDS = 30
const ROUNDS = 3
const COMPARED_WINDOWS = 2

const job: GpuJob = JSON.parse(process.env.GPU_JOB!)
const { engine } = readConfig()
const signal = new AbortController().signal

using checkpoint = await openCheckpoint(job.checkpointFolder)
const { generation } = checkpoint
const startedAt = performance.now()
await using model = job.isWhole && engine.device === 'cpu' ? await openWhole() : await openAsUsual()
const openSeconds = (performance.now() - startedAt) / 1000

const PROMPT = { language: 'pt', task: 'transcribe', withTimestamps: false, previous: [], prefix: [] } as const
/** eot is never said, so that all texts have the length that is asked for. */
const OPTIONS: Omit<DecodeOptions, 'maxNewTokens'> = {
  temperature: 0,
  beamSize: 1,
  bestOf: 1,
  patience: 1,
  lengthPenalty: undefined,
  suppressTokens: [generation.eot],
  suppressBlank: false,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  maxInitialTimestamp: 1,
  longestRepeat: Number.POSITIVE_INFINITY,
  randomOf: () => () => 0,
  signal,
}

const modelSession = model.session({ nHypotheses: 1, signal })
const way: GpuMeasured['way'] = model instanceof CudaModel ? 'generate' : 'steps'
const { texts } = await decode(COMPARED_WINDOWS, job.nCompared)

const batches: BatchTimes[] = []
for (const windows of job.batches) {
  if (windows > modelSession.windowsAtOnce) continue // steps on a CPU share no more
  await decode(windows, 2) // the first run of a size also allocates
  const short: number[] = []
  const long: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const first = await decode(windows, 1)
    short.push(first.seconds)
    const all = await decode(windows, job.nTokens)
    long.push(all.seconds)
  }
  const [oneTokenSeconds, seconds] = [median(short), median(long)]
  const msPerToken = (1000 * (seconds - oneTokenSeconds)) / (job.nTokens - 1)
  batches.push({
    windows,
    oneTokenSeconds,
    seconds,
    msPerToken: msPerToken > 0 && job.nTokens > 1 ? msPerToken : null,
    timesRealTime: (windows * SECONDS) / seconds,
  })
}

const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
const measured: GpuMeasured = { way, openSeconds, batches, peakResidentMb: Number(peak?.[1] ?? 0) / 1024, texts }
console.log(JSON.stringify(measured))

async function openAsUsual(): Promise<SpeechModel> {
  const options = { name: 'bench', settings: engine, signal, logger: silentLogger }
  return await openCompiledModel(checkpoint, job.checkpointFolder, options)
}

async function openWhole(): Promise<SpeechModel> {
  const folder = join(engine.cacheDir, 'bench', `${basename(job.checkpointFolder)}-whole`)
  try {
    readFileSync(join(folder, GENERATE_FILE))
  } catch {
    mkdirSync(folder, { recursive: true })
    compile(checkpoint, folder, { hasGenerate: true })
  }
  const session = { device: 'cpu', threads: engine.threads } as const
  return await openCudaModel(
    checkpoint,
    { folder, decoderFormat: 'float32', isTemporary: false },
    session,
    engine.gpuMemLimitBytes,
  )
}

/** Texts of `nTokens` for so many windows of noise, each its own. */
async function decode(windows: number, nTokens: number) {
  const from = performance.now()
  const encoded = []
  for (let window = 0; window < windows; window++) encoded.push(await modelSession.encode(noise(window), POSITIONS))
  const options = { ...OPTIONS, maxNewTokens: nTokens }
  const decoded = await Promise.all(encoded.map((window) => window.decode(PROMPT, options)))
  const seconds = (performance.now() - from) / 1000
  for (const window of encoded) window[Symbol.dispose]()
  return { texts: decoded.map(({ tokens, logprobs }) => ({ tokens, logprobs })), seconds }
}

/** The same for every device. */
function noise(seed: number): Float32Array {
  let state = seed + 1
  return Float32Array.from({ length: POSITIONS * 320 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return 0.2 * (state / 2 ** 32 - 0.5) + 0.2 * Math.sin(i * (0.02 + 0.01 * seed))
  })
}
