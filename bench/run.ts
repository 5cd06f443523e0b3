/**
 * How long does a model take to load and to answer, and in how much memory?
 *
 * Command: `make bench`, or `bench/run.ts base` for one model. Prints a table, writes bench/results/run.json, adds a line
 * for each model to bench/history.jsonl and compares it with the last one of the same processor.
 * Better is: less of everything. The answer of `base` is checked against words of the recording before it counts.
 * Whisper base runs on its real weights, the two named models on random ones of their full dimensions.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import { createEnginePool } from '../src/engine/index.ts'
import { resolveCheckpointFolder } from '../src/hub/index.ts'
import { createLogger } from '../src/logger.ts'
import { compiledGraphs } from '../src/models/compiled-model.ts'
import type { ModelEntry } from '../src/models/registry.ts'
import { residentBytes } from '../test/helpers/judges/process-tree.ts'
import { FULL_SIZE, randomCheckpoint } from './full-size-shapes.ts'
import { type HistoryEntry, keepAndCompare, measureYardstick, processor } from './history.ts'

const { engine } = readConfig()
const never = new AbortController().signal
const LIBRIVOX = 'usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0920.wav'
const asked = process.argv.slice(2)
const names = ['base', ...Object.keys(FULL_SIZE)].filter((name) => asked.length === 0 || asked.includes(name))

interface Row {
  readonly model: string
  readonly compileSeconds: number
  readonly loadSeconds: number
  readonly firstRequestSeconds: number
  readonly secondRequestSeconds: number
  readonly audioSeconds: number
  readonly servicePeakMb: number
  readonly openSeconds: number
  readonly encoder30sSeconds: number
  readonly encoder12sSeconds: number
  readonly tokenMs: number
  readonly tokenOfFourMs: number
  readonly tokenOfFiveBeamsMs: number
  readonly peakResidentMb: number
}

const COLUMNS: readonly (readonly [title: string, value: (row: Row) => string])[] = [
  ['model', (row) => row.model],
  ['compile s', (row) => row.compileSeconds.toFixed(1)],
  ['load s', (row) => row.loadSeconds.toFixed(2)],
  ['1st request s', (row) => row.firstRequestSeconds.toFixed(2)],
  ['2nd request s', (row) => row.secondRequestSeconds.toFixed(2)],
  ['encoder 30 s', (row) => row.encoder30sSeconds.toFixed(2)],
  ['encoder 12 s', (row) => row.encoder12sSeconds.toFixed(2)],
  ['ms/token', (row) => row.tokenMs.toFixed(1)],
  ['ms/token of 4 windows', (row) => row.tokenOfFourMs.toFixed(1)],
  ['ms/token, 5 beams', (row) => row.tokenOfFiveBeamsMs.toFixed(1)],
  ['graphs peak RSS MB', (row) => row.peakResidentMb.toFixed(0)],
  ['service + engine MB', (row) => row.servicePeakMb.toFixed(0)],
]

const rows: Row[] = []
const comparisons: string[] = []
printHeader()
for (const name of names) {
  const row = await measure(name)
  printRow(row)
  rows.push(row)
  save(rows) // after each: the large ones take minutes, and what was measured should survive what fails
  for (const line of keepAndCompare(await historyEntry(row), (figure) => !figure.endsWith('Mb')))
    comparisons.push(`${name} ${line}`)
}
if (comparisons.length > 0) console.log(`\nby the yardstick of bench/history.ts:\n${comparisons.join('\n')}`)

async function historyEntry({ model, ...figures }: Row): Promise<HistoryEntry> {
  const { audioSeconds: _, ...measured } = figures // no figure of ours
  const date = new Date().toISOString().slice(0, 10)
  const yardstickMs = await measureYardstick()
  return {
    date,
    commit: commit(),
    ...processor(),
    precision: engine.dtype,
    yardstickMs,
    model,
    figures: rounded(measured),
  }
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]))
}

async function measure(name: string): Promise<Row> {
  const shape = FULL_SIZE[name]
  const folder = shape ? randomCheckpoint(name, shape, engine.cacheDir) : await baseCheckpoint()
  const compileSeconds = await timeCompilation(folder)
  const served = await serve(name, folder, shape === undefined)
  const output = execFileSync(process.execPath, [join(import.meta.dirname, 'measure-graphs.ts'), folder])
  return { model: name, compileSeconds, ...served, ...JSON.parse(String(output)) }
}

async function baseCheckpoint(): Promise<string> {
  const source = { origin: { kind: 'whisper-base' }, tokenizer: undefined } as const
  return (await resolveCheckpointFolder(source, { ...engine, signal: never })).folder
}

/** From nothing: the compiled folder of an earlier run is removed first. */
async function timeCompilation(folder: string): Promise<number> {
  using checkpoint = await openCheckpoint(folder)
  const options = { name: 'bench', settings: engine, signal: never, logger: createLogger('warn') }
  rmSync(await compiledGraphs(checkpoint, folder, options), { recursive: true })
  const from = performance.now()
  await compiledGraphs(checkpoint, folder, options)
  return (performance.now() - from) / 1000
}

/** By the pool that the service uses: an engine process, ffmpeg, the whole of a request. */
async function serve(name: string, path: string, isReal: boolean) {
  const entry: ModelEntry = {
    id: name,
    origin: { kind: 'folder', path },
    strategy: undefined,
    language: 'en',
    tokenizer: undefined,
  }
  const logger = createLogger('warn')
  const pool = createEnginePool({ resolve: () => entry, maxLoadedModels: 1, settings: engine, logger })
  try {
    // Random weights never come to an end and fail every check, so they are given one short try.
    const options = isReal ? {} : { temperature: [0], beamSize: 1, maxNewTokens: 40 }
    const request = { modelId: name, audioPath: recording(), options, signal: never }
    const seconds: number[] = []
    let audioSeconds = 0
    for (let i = 0; i < 2; i++) {
      const from = performance.now()
      const { text, durationSeconds } = await pool.transcribe(request)
      seconds.push((performance.now() - from) / 1000)
      audioSeconds = durationSeconds
      if (isReal && !/amiable/i.test(text)) throw new Error(`wrong text: ${text}`)
    }
    // As the engine measures it. What the first request took longer than the second would be below zero where the machine
    // slowed down in between.
    const loadSeconds = pool.engines()[0]?.loadSeconds
    if (loadSeconds === undefined) throw new Error('the pool does not tell how long the load took')
    const [pid] = pool.enginePids()
    const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    const [firstRequestSeconds, secondRequestSeconds] = seconds as [number, number]
    return {
      loadSeconds,
      firstRequestSeconds,
      secondRequestSeconds,
      audioSeconds,
      servicePeakMb: peak + residentBytes(process.pid) / 2 ** 20,
    }
  } finally {
    await pool.close(0)
  }
}

/** Six seconds of LibriVox from Debian's pocketsphinx-testdata, installed, or unpacked by `make demo`. */
function recording(): string {
  const places = [join('/', LIBRIVOX), join(engine.cacheDir, 'demo/pocketsphinx-testdata', LIBRIVOX)]
  const file = places.find((place) => existsSync(place))
  if (file === undefined) throw new Error('the recording is missing: run `make demo` once, which fetches it')
  return file
}

function printHeader(): void {
  console.log(`| ${COLUMNS.map(([title]) => title).join(' | ')} |`)
  console.log(`|${' --- |'.repeat(COLUMNS.length)}`)
}

function printRow(row: Row): void {
  console.log(`| ${COLUMNS.map(([, value]) => value(row)).join(' | ')} |`)
}

function commit(): string {
  return String(execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname })).trim()
}

function save(rows: readonly Row[]): void {
  const machine = { ...processor(), node: process.version }
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const json = { commit: commit(), machine, precision: engine.dtype, rows }
  writeFileSync(join(results, 'run.json'), `${JSON.stringify(json, undefined, 2)}\n`)
}
