/**
 * How long do the bare graphs take beside the peers': an encoder window of 30 s, a decoding step, their memory?
 *
 * Command: bench/peers-graphs.ts with any of
 *   --shape NAME      base, freds0-shape, large-v3-shape, lite_asr-shape; may be given several times; default: all
 *   --system NAME     ours, ctranslate2-int8, openvino-int8, transformers-bfloat16, transformers-float32; likewise
 *   --rounds N        each system so often, in turn, of which medians are taken; default 1
 *   --write-readme    put the table into bench/README.md; alone: that of the last run, without another
 *
 * Random weights are written and converted once: for all shapes some 20 GB under our cache, and 12 GB of memory for
 * the largest. Prints a table and writes bench/results/peers-graphs.json. Better is: less of everything.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type ModelShape, openCheckpoint } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import { resolveCheckpointFolder } from '../src/hub/index.ts'
import { silentLogger } from '../src/logger.ts'
import { compiledGraphs } from '../src/models/compiled-model.ts'
import { FULL_SIZE, LARGE_V3, randomCheckpoint } from './full-size-shapes.ts'
import { median } from './median.ts'
import { peersPython } from './peers/environment.ts'
import { type Format, weightsAs } from './peers/formats.ts'
import { writeSection } from './readme-section.ts'
import { currentCommit } from './wer-results.ts'

const { values: args } = parseArgs({
  options: {
    shape: { type: 'string', multiple: true },
    system: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '1' },
    'write-readme': { type: 'boolean', default: false },
  },
})

const SHAPES: Readonly<Record<string, ModelShape | undefined>> = {
  base: undefined, // the real weights
  'freds0-shape': FULL_SIZE['freds0-shape'],
  'large-v3-shape': LARGE_V3,
  'lite_asr-shape': FULL_SIZE['lite_asr-shape'],
}

const PEERS: Readonly<Record<string, Format>> = {
  'ctranslate2-int8': 'ctranslate2',
  'openvino-int8': 'openvino-int8',
  'transformers-bfloat16': 'hugging-face',
  'transformers-float32': 'hugging-face',
}

const timesSchema = z.object({
  openSeconds: z.number(),
  encoder30sSeconds: z.number(),
  encoder12sSeconds: z.number().optional(),
  tokenMs: z.number(),
  peakResidentMb: z.number(),
})
type Times = z.output<typeof timesSchema>
const rowSchema = timesSchema.extend({ shape: z.string(), system: z.string() })
type Row = z.output<typeof rowSchema>
const resultSchema = z.object({ where: z.string(), rows: z.array(rowSchema) })

const FILE = join(import.meta.dirname, 'results/peers-graphs.json')
const { engine } = readConfig()
const threads = engine.threads ?? cpus().length
const isReadmeOnly = process.argv.slice(2).join() === '--write-readme'

const { where, rows } = isReadmeOnly ? readResult() : await measureAll()
const tables = `${where}\n\n${table(rows)}`
console.log(tables)
if (args['write-readme']) writeSection('peers-graphs', tables)

async function measureAll() {
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${threads} threads`
  const date = new Date().toISOString().slice(0, 10)
  const where = `${machine}, Node ${process.version}, commit ${currentCommit()}, ${date}; medians of ${args.rounds} rounds.`
  const rows: Row[] = []
  for (const shape of chosen(args.shape, Object.keys(SHAPES))) {
    const systems = chosen(args.system, ['ours', ...Object.keys(PEERS)])
    rows.push(
      ...(await measureShape(shape, shape === 'lite_asr-shape' ? systems.filter((s) => s === 'ours') : systems)),
    )
    mkdirSync(join(FILE, '..'), { recursive: true })
    // After each shape: the large ones take minutes, and what was measured should survive what fails.
    writeFileSync(FILE, `${JSON.stringify({ where, rows }, undefined, 1)}\n`)
  }
  return { where, rows }
}

function chosen(names: readonly string[] | undefined, all: readonly string[]): readonly string[] {
  const unknown = names?.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`'${unknown}' is not one of ${all.join(', ')}`)
  return names ?? all
}

/** Everything is converted first; then the systems take turns, so that noise hits all alike. */
async function measureShape(shape: string, systems: readonly string[]): Promise<Row[]> {
  const checkpoint = await checkpointOf(shape)
  const runs: [system: string, run: () => string][] = []
  for (const system of systems) runs.push([system, await preparedRun(system, shape, checkpoint)])

  const measured = new Map<string, Times[]>()
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const [system, run] of runs) {
      process.stderr.write(`${shape}, ${system} …\n`)
      const times = timesSchema.parse(JSON.parse(run()))
      process.stderr.write(`${JSON.stringify(times)}\n`)
      measured.set(system, [...(measured.get(system) ?? []), times])
    }
  }
  return Array.from(measured, ([system, times]) => ({ shape, system, ...mediansOf(times) }))
}

async function checkpointOf(name: string): Promise<string> {
  const shape = SHAPES[name]
  if (shape) return randomCheckpoint(name, shape, engine.cacheDir)
  const source = { origin: { kind: 'whisper-base' }, tokenizer: undefined } as const
  return (await resolveCheckpointFolder(source, { ...engine, signal: new AbortController().signal })).folder
}

/** A process that measures, its model prepared: a peak of memory must not be that of a conversion. */
async function preparedRun(system: string, shape: string, folder: string): Promise<() => string> {
  using checkpoint = await openCheckpoint(folder)
  const format = PEERS[system]
  if (format === undefined) {
    const signal = new AbortController().signal
    await compiledGraphs(checkpoint, folder, { name: shape, settings: engine, signal, logger: silentLogger })
    return () => String(execFileSync(process.execPath, [join(import.meta.dirname, 'measure-graphs.ts'), folder]))
  }
  const python = peersPython(engine.cacheDir)
  const place = shape === 'base' ? join('peers', 'base') : join('bench', 'peers', shape)
  const model = await weightsAs(format, { python, checkpoint: folder, folder: join(engine.cacheDir, place) })
  const repeats = checkpoint.config.dModel > 1000 ? 2 : 5
  const script = join(import.meta.dirname, 'peers/graph_times.py')
  const words = [script, system, model, threads, checkpoint.config.nMels, repeats].map(String)
  const env = { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: String(threads) }
  return () => String(execFileSync(python, words, { env, stdio: ['ignore', 'pipe', 2] }))
}

function mediansOf(times: readonly Times[]): Times {
  const of = (value: (t: Times) => number | undefined) => {
    const values = times.map(value).filter((v) => v !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  return {
    openSeconds: of((t) => t.openSeconds)!, // of one round at least
    encoder30sSeconds: of((t) => t.encoder30sSeconds)!,
    encoder12sSeconds: of((t) => t.encoder12sSeconds),
    tokenMs: of((t) => t.tokenMs)!,
    peakResidentMb: of((t) => t.peakResidentMb)!,
  }
}

function readResult() {
  if (!existsSync(FILE)) throw new Error('bench/results/peers-graphs.json is missing: measure first')
  return resultSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')))
}

function table(rows: readonly Row[]): string {
  const titles = ['shape', 'system', 'load s', 'encoder 30 s', 'ours is faster', 'encoder 12 s', 'ms/token']
  const lines = rows.map((row) => {
    const ours = rows.find(({ shape, system }) => shape === row.shape && system === 'ours')
    const ratio = (value: (row: Row) => number) => (ours ? (value(row) / value(ours)).toFixed(2) : '')
    return [
      row.shape,
      row.system,
      row.openSeconds.toFixed(2),
      row.encoder30sSeconds.toFixed(2),
      ratio((r) => r.encoder30sSeconds),
      row.encoder12sSeconds?.toFixed(2) ?? '',
      row.tokenMs.toFixed(1),
      ratio((r) => r.tokenMs),
      row.peakResidentMb.toFixed(0),
    ]
  })
  const all = [...titles, 'ours is faster', 'peak RSS MB']
  return [all, all.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
