/**
 * Measures one model on one device, in a process of its own, whose end gives everything back: part of gpu.ts, which gives it
 * its job in GPU_JOB. Prints one line of JSON.
 */

import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import type { FoundText, TextDecoder, TextRules } from '../src/decode/index.ts'
import { compile, WHOLE_TEXT_FILE } from '../src/graph/index.ts'
import { silentLogger } from '../src/logger.ts'
import { openCompiledModel } from '../src/models/compiled-model.ts'
import type { LoadedModel } from '../src/models/loaded-model.ts'
import { openWholeTextModel } from '../src/models/open-whole-text-model.ts'
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
  readonly way: 'whole texts' | 'steps'
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
const { generation, config } = checkpoint
const startedAt = performance.now()
await using model = job.isWhole && engine.device === 'cpu' ? await openWhole() : await openAsUsual()
const openSeconds = (performance.now() - startedAt) / 1000

const { eot, sot, transcribe, noTimestamps, noSpeech, timestampBegin, languageIds } = generation
const prompt = [sot, ...(languageIds.size > 0 ? [languageIds.get('pt')!, transcribe] : []), noTimestamps]
/** eot is never said, so that all texts have the length that is asked for. */
const tokenBias = new Float32Array(config.vocabSize)
tokenBias[eot] = Number.NEGATIVE_INFINITY

const windowModel = model.forRequest(signal)
let way: GpuMeasured['way'] = 'steps'
const { texts } = await decode(COMPARED_WINDOWS, job.nCompared)

const batches: BatchTimes[] = []
for (const windows of job.batches) {
  if (windows > windowModel.windowsAtOnce(1)) continue // steps on a CPU share no more
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

async function openAsUsual(): Promise<LoadedModel> {
  const options = { name: 'bench', settings: engine, signal, logger: silentLogger }
  return await openCompiledModel(checkpoint, job.checkpointFolder, options)
}

async function openWhole(): Promise<LoadedModel> {
  const folder = join(engine.cacheDir, 'bench', `${basename(job.checkpointFolder)}-whole`)
  try {
    readFileSync(join(folder, WHOLE_TEXT_FILE))
  } catch {
    mkdirSync(folder, { recursive: true })
    compile(checkpoint, folder, { hasWholeText: true })
  }
  const manifest = { decoderFormat: 'float32' }
  const session = { device: 'cpu', threads: engine.threads } as const
  return await openWholeTextModel(
    checkpoint,
    { folder, manifest, isTemporary: false },
    session,
    engine.gpuMemLimitBytes,
  )
}

/** Texts of `nTokens` for so many windows of noise, each its own. */
async function decode(windows: number, nTokens: number) {
  const from = performance.now()
  const encoded = []
  for (let window = 0; window < windows; window++) encoded.push(await windowModel.encode(noise(window), POSITIONS, 1))
  const decoders = encoded.map((window) => window.start(1, { tokenBias, needsLogits: false }))
  const texts = await Promise.all(decoders.map((decoder) => textOf(decoder, nTokens)))
  const seconds = (performance.now() - from) / 1000
  for (const decoder of decoders) decoder[Symbol.dispose]()
  for (const window of encoded) window[Symbol.dispose]()
  return { texts, seconds }
}

async function textOf(decoder: TextDecoder, nTokens: number): Promise<Pick<FoundText, 'tokens' | 'logprobs'>> {
  if (decoder.findText) {
    way = 'whole texts'
    const request = { prompt, alignmentPrompt: undefined, suppressAtBegin: [], rules: rulesFor(nTokens) }
    const { tokens, logprobs } = await decoder.findText(request)
    return { tokens, logprobs }
  }
  const first = await decoder.prompt(prompt, [prompt.length - 1])
  const biased = first.map((logit, i) => logit + tokenBias[i]!)
  const largest = biased.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const total = largest + Math.log(biased.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
  const tokens = [biased.indexOf(largest)]
  const logprobs = [largest - total]
  while (tokens.length < nTokens) {
    const next = await decoder.step([tokens.at(-1)!])
    tokens.push(Number(next.tokens[0]!))
    logprobs.push(next.logprobs[0]!)
  }
  return { tokens, logprobs }
}

function rulesFor(maxTokens: number): TextRules {
  const plain = { beamSize: 1, enough: 1, lengthPenalty: undefined }
  const common = { ...plain, eot, sot, noSpeech, timestampBegin, languageIds: [] }
  return { ...common, maxTokens, withTimestamps: false, latestFirst: timestampBegin, stopLoops: false }
}

/** The same for every device. */
function noise(seed: number): Float32Array {
  let state = seed + 1
  return Float32Array.from({ length: POSITIONS * 320 }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return 0.2 * (state / 2 ** 32 - 0.5) + 0.2 * Math.sin(i * (0.02 + 0.01 * seed))
  })
}
