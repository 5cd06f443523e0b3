/**
 * How fast are the two named models on a GPU, do they say what the CPU says, and does all memory come back?
 *
 * Command: bench/gpu.ts with any of
 *   --device NAME    cuda:N, webgpu or cpu; default cuda:0
 *   --shape NAME     freds0-shape, lite_asr-shape, or tiny, which proves the script; may be given several times; default: the first two
 *   --batch N        windows of 30 s at a time; likewise; default 1, 2, 4, 8, 16
 *   --tokens N       length of each text; default 100
 *   --whole          on the CPU too, decode by the generate graph, as a CUDA device does
 *   --skip-cpu       no comparison with the CPU, which takes minutes
 *
 * Needs no network: weights are random, of the models' full dimensions, and written once (5 GB under our cache). Each model runs in
 * a process of its own, whose end must give back what it had of the GPU; that is read from nvidia-smi where it is there.
 * Prints one JSON. A device that is not there is an error, status 2; a model that fails is told in the JSON, status 1. Better is: more × real time, less memory, nothing that stays.
 */

import { execFile, execFileSync, spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs, promisify } from 'node:util'
import type { ModelShape } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import { checkDevice, type UsableDevice } from '../src/devices/index.ts'
import { runtimeEnvironment } from '../src/devices/runtime-environment.ts'
import { tinyShape } from '../test/helpers/builders/checkpoint-builder.ts'
import { FULL_SIZE, randomCheckpoint } from './full-size-shapes.ts'
import type { GpuJob, GpuMeasured } from './measure-gpu.ts'
import { currentCommit } from './wer-results.ts'

const { values: args } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda:0' },
    shape: { type: 'string', multiple: true, default: ['freds0-shape', 'lite_asr-shape'] },
    batch: { type: 'string', multiple: true, default: ['1', '2', '4', '8', '16'] },
    tokens: { type: 'string', default: '100' },
    whole: { type: 'boolean', default: false },
    'skip-cpu': { type: 'boolean', default: false },
  },
})

const SHAPES: Readonly<Record<string, ModelShape>> = { ...FULL_SIZE, tiny: tinyShape() }
/** Of the comparison: enough to see a wrong graph, few enough for a CPU. */
const COMPARED_TOKENS = 8
const SAMPLE_MS = 200
const MIB = 1024 ** 2

const { isSoftware, hasHalves } = await checked().catch((error: unknown) => {
  // What is wrong with the machine or with the command is no matter of a stack.
  console.error(error instanceof Error ? error.message : error)
  process.exit(2)
})

const { cacheDir } = readConfig({ ...process.env, DEVICE: args.device }).engine
/** As the service would compute on it, unless DTYPE says otherwise. */
const dtype = process.env.DTYPE ?? (hasHalves ? 'float16' : 'float32')
const models = []
for (const name of args.shape) {
  try {
    models.push({ name, ...(await measure(randomCheckpoint(name, SHAPES[name]!, cacheDir))) }) // checked above
  } catch (error) {
    process.exitCode = 1
    models.push({ name, failed: error instanceof Error ? error.message : String(error) })
  }
}

const result = {
  commit: currentCommit(),
  date: new Date().toISOString().slice(0, 10),
  device: args.device,
  dtype,
  isPlayedByProcessor: isSoftware,
  gpu: gpuName(),
  cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  node: process.version,
  models,
}
console.log(JSON.stringify(result, undefined, 2))

/** @throws {Error} for what cannot be measured here. */
async function checked(): Promise<UsableDevice> {
  const unknown = args.shape.find((name) => !SHAPES[name])
  if (unknown) throw new Error(`There is no shape '${unknown}'; choose from: ${Object.keys(SHAPES).join(', ')}.`)
  const isCount = (text: string) => Number.isInteger(Number(text)) && Number(text) > 0
  const wrong = [...args.batch, args.tokens].find((text) => !isCount(text))
  if (wrong !== undefined) throw new Error(`'${wrong}' is no number of windows or tokens.`)
  const { device, dtype } = readConfig({ ...process.env, DEVICE: args.device }).engine
  if (device === 'auto') throw new Error('Name the device: cuda:N, webgpu or cpu.')
  return device === 'cpu' ? { isSoftware: false, hasHalves: false } : await checkDevice(device, { dtype })
}

async function measure(checkpointFolder: string) {
  const job: GpuJob = {
    checkpointFolder,
    batches: args.batch.map(Number),
    nTokens: Number(args.tokens),
    nCompared: COMPARED_TOKENS,
    isWhole: args.whole,
  }
  const before = await usedBytes()
  const { measured, peakBytes } = await run(args.device, job)
  // The driver needs a moment to see that a process is gone.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const after = await usedBytes()
  const { texts, ...times } = measured
  return {
    ...times,
    deviceMemory:
      before === undefined ? null : megabytes({ before, peak: peakBytes ?? before, after: after ?? before }),
    comparedWithCpu: args['skip-cpu'] ? null : compare(texts, await textsOnCpu(job)),
  }
}

async function textsOnCpu(job: GpuJob): Promise<GpuMeasured['texts']> {
  const { measured } = await run('cpu', { ...job, batches: [], isWhole: false })
  return measured.texts
}

/** Runs a job in a process of its own, and looks at the GPU's memory all the while. */
async function run(device: string, job: GpuJob): Promise<{ measured: GpuMeasured; peakBytes: number | undefined }> {
  const child = spawn(process.execPath, ['--expose-gc', new URL('./measure-gpu.ts', import.meta.url).pathname], {
    env: {
      ...runtimeEnvironment(),
      DEVICE: device,
      DTYPE: device === 'cpu' ? 'float32' : dtype,
      GPU_JOB: JSON.stringify(job),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let peakBytes = await usedBytes()
  const watching = setInterval(async () => {
    const bytes = await usedBytes()
    if (bytes !== undefined) peakBytes = Math.max(peakBytes ?? 0, bytes)
  }, SAMPLE_MS)
  let last = ''
  for await (const line of createInterface(child.stdout)) last = line
  const code = await ended
  clearInterval(watching)
  if (code !== 0) throw new Error(`The measurement on ${device} ended with ${code}; its error is above.`)
  return { measured: JSON.parse(last) as GpuMeasured, peakBytes } // printed by our own script
}

/** Of how many tokens both agree from the beginning, and how far the first token's log-probabilities are apart. */
function compare(texts: GpuMeasured['texts'], onCpu: GpuMeasured['texts']) {
  const windows = texts.map(({ tokens, logprobs }, i) => {
    const other = onCpu[i]!
    const differs = tokens.findIndex((token, j) => token !== other.tokens[j])
    return {
      tokens: tokens.length,
      equal: differs < 0 ? tokens.length : differs,
      firstLogprobDifference: Math.abs(logprobs[0]! - other.logprobs[0]!),
    }
  })
  return { windows, isEqual: windows.every(({ tokens, equal }) => tokens === equal) }
}

/** Of the whole GPU; undefined where there is no NVIDIA driver, or the device is no GPU. */
async function usedBytes(): Promise<number | undefined> {
  const index = /^cuda:(\d+)$/.exec(args.device)?.[1] ?? (args.device === 'webgpu' ? '0' : undefined)
  if (index === undefined) return undefined
  try {
    const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-i', index]
    const { stdout } = await promisify(execFile)('nvidia-smi', query)
    return Number(stdout) * MIB
  } catch {
    return undefined
  }
}

function gpuName(): string | null {
  try {
    const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader']
    return execFileSync('nvidia-smi', query, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
}

function megabytes(bytes: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(bytes).map(([name, value]) => [`${name}Mb`, Math.round(value / MIB)]))
}
