/**
 * What does a machine go through until the two named models answer: download, compilation, load, a recording of 30 s and one
 * of three minutes?
 *
 * Command: `make bench-real`, or `bench/real.ts freds0` for one of them. Full size, random weights in the files' real form,
 * fetched from a hub on this machine, by the commands of a user. Prints a table: seconds, the peak memory of each process,
 * the peak of what all caches take of the disk. Better is: less of everything.
 * Random weights never come to an end of a text and fail every check of it, so each window of 30 s is decoded once, greedily,
 * for as many tokens as 30 s of speech have (100), with word times; the checks, and what speech detection would decode again,
 * are off.
 */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { sampleRecordings } from '../src/cli/verify/sample.ts'
import { readConfig } from '../src/config.ts'
import { startHubServer } from '../test/helpers/fakes/hub-server.ts'
import { descendants } from '../test/helpers/judges/process-tree.ts'
import { fullSizeRepositories } from './full-size-shapes.ts'
import { processor } from './history.ts'

const PARADOX = resolve(import.meta.dirname, '../bin/paradox')
const { engine } = readConfig()
const asked = process.argv.slice(2)
const names = ['freds0', 'lite_asr'].filter((name) => asked.length === 0 || asked.includes(name))
const POLL_MS = 100
const OPTIONS = {
  language: 'pt',
  beam_size: '1',
  temperature: '0',
  max_new_tokens: '100',
  compression_ratio_threshold: '100',
  log_prob_threshold: '-100',
  vad_filter: 'false',
  response_format: 'verbose_json',
  'timestamp_granularities[]': 'word',
}

interface Measured {
  readonly seconds: number
  /** By what the process does: its entry, or `paradox` for the one that was started. */
  readonly peakMb: Readonly<Record<string, number>>
  readonly peakDiskGb: number
}

const root = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'paradox-real-'))
console.error('writing both models in full size, where they are not yet there …')
await using hub = await startHubServer({ repositories: await fullSizeRepositories(engine.cacheDir) })
const env = {
  ...process.env,
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: join(root, 'hf'),
  PARADOX_CACHE_DIR: join(root, 'paradox'),
  TEMP_DIR: root,
  LOG_LEVEL: 'warn',
}
try {
  const recordings = { short: recordingOf(30), long: recordingOf(180) }
  const { processor: model, cores } = processor()
  console.log(`${model}, ${cores} cores\n`)
  console.log('| model | | seconds | peak memory of each process | peak disk |\n| --- | --- | --- | --- | --- |')
  for (const name of names) {
    printRow([name, 'download', ...columns(await command(['models', 'pull', name]))])
    printRow([name, 'compile', ...columns(await command(['models', 'compile', name]))])
    await serve(name, recordings)
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** A command of a user, from its start to its end. */
async function command(args: readonly string[]): Promise<Measured> {
  const child = spawn(PARADOX, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [measured, said, [code]] = await Promise.all([
    watch(child.pid!, once(child, 'exit')),
    text(child.stderr),
    once(child, 'exit'),
  ])
  if (code !== 0) throw new Error(`paradox ${args.join(' ')} ended with ${code}: ${said}`)
  return measured
}

/** The service with one model: its load, then both recordings. */
async function serve(name: string, recordings: Readonly<Record<string, string>>): Promise<void> {
  const port = '18431'
  const service = spawn(PARADOX, ['serve'], {
    env: { ...env, HOST: '127.0.0.1', PORT: port },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const address = `http://127.0.0.1:${port}`
  try {
    while (
      !(await fetch(`${address}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (service.exitCode !== null) throw new Error(`the service ended with ${service.exitCode}`)
      await delay(POLL_MS)
    }
    const load = curl(['-X', 'POST', `${address}/api/ps/${name}`])
    printRow([name, 'load', ...columns(await watch(service.pid!, load))])
    for (const [what, file] of Object.entries(recordings)) {
      const measured = await watch(service.pid!, transcribe(address, name, file))
      printRow([name, what === 'short' ? '30 s recording' : '3 min recording', ...columns(measured)])
    }
  } finally {
    service.kill('SIGTERM')
    await once(service, 'exit')
  }
}

/** By curl, since Node's fetch waits five minutes for an answer and no longer. */
async function transcribe(address: string, model: string, file: string): Promise<void> {
  const fields = Object.entries({ model_id: model, ...OPTIONS }).flatMap(([field, value]) => [
    '-F',
    `${field}=${value}`,
  ])
  await curl([...fields, '-F', `file=@${file}`, `${address}/transcribe`])
}

async function curl(args: readonly string[]): Promise<void> {
  const child = spawn('curl', ['--silent', '--show-error', '--fail-with-body', ...args], {
    stdio: ['ignore', 'pipe', 2],
  })
  const [answer, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]) // it is a pipe
  if (code !== 0) throw new Error(`curl ended with ${code}: ${answer}`)
}

function printRow(row: readonly string[]): void {
  console.log(`| ${row.join(' | ')} |`)
}

/** Looks at a process and its descendants, and at the caches, until the work is done. */
async function watch(pid: number, work: Promise<unknown>): Promise<Measured> {
  const from = performance.now()
  const peakMb: Record<string, number> = {}
  let peakBytes = 0
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    for (const id of [pid, ...descendants(pid)]) {
      const { name, mb } = memoryOf(id)
      if (name !== undefined) peakMb[name] = Math.max(peakMb[name] ?? 0, mb)
    }
    peakBytes = Math.max(peakBytes, bytesBelow(root))
    await Promise.race([done.catch(() => {}), delay(POLL_MS)])
  }
  await done
  return { seconds: (performance.now() - from) / 1000, peakMb, peakDiskGb: peakBytes / 1e9 }
}

/** @returns no name for a process that has just ended, or that is not one of ours. */
function memoryOf(pid: number): { name: string | undefined; mb: number } {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    const entry = /(\w+\/[\w-]*entry)\.ts/.exec(line)?.[1]?.replace(/.*\//, '')
    const isPlain = line.includes('cli/main')
    const name =
      entry === undefined
        ? isPlain
          ? 'paradox'
          : undefined
        : entry === 'entry'
          ? 'engine'
          : entry.replace('-entry', '')
    return { name, mb: Number(peak ?? 0) / 1024 }
  } catch {
    return { name: undefined, mb: 0 }
  }
}

function bytesBelow(folder: string): number {
  let bytes = 0
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const stats = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })
      if (stats) bytes += stats.blocks * 512
    }
  } catch {
    // A folder of a compilation has just gone; the next look counts again.
  }
  return bytes
}

function columns({ seconds, peakMb, peakDiskGb }: Measured): string[] {
  const memory = Object.entries(peakMb).map(([name, mb]) => `${name} ${Math.round(mb)} MB`)
  return [seconds.toFixed(1), memory.join(', '), `${peakDiskGb.toFixed(1)} GB`]
}

/** LibriVox from Debian's pocketsphinx-testdata, which `make demo` has fetched, over and over for so many seconds. */
function recordingOf(seconds: number): string {
  const clips = sampleRecordings(engine.cacheDir)
  if (clips.length === 0) throw new Error('the recordings are missing: run `make demo` once, which fetches them')
  const list = join(root, `clips-${seconds}.txt`)
  const lines = Array.from({ length: Math.ceil(seconds / 5) }, (_, i) => `file '${clips[i % clips.length]!.path}'\n`)
  writeFileSync(list, lines.join(''))
  const out = join(root, `recording-${seconds}.wav`)
  execFileSync(engine.ffmpegPath, ['-v', 'error', '-f', 'concat', '-safe', '0', '-i', list, '-t', String(seconds), out])
  return out
}
