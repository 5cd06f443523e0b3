/**
 * What do many callers at once get, and does a short recording wait for a long one?
 *
 * Command: `make bench-load`. Whisper base over HTTP, defaults (five beams), language given, on clips of ../shared/speech.
 * Prints, and writes to bench/results/load.json:
 * - the seconds of audio per second for one caller that sends clip after clip, and for eight that do so side by side;
 *   in turn, three times, since machines change their speed. Better is: a higher ratio.
 * - the time of a clip of 5 s while nothing else runs, and its 95th percentile while ten minutes of speech are
 *   transcribed. Better is: a lower ratio.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { TempFolder } from '../test/helpers/data/audio-files.ts'
import { startServiceProcess } from '../test/helpers/rigs/service-process.ts'
import { median } from './median.ts'
import { type Clip, readSpeechSet, SPEECH_FOLDER } from './speech-set.ts'

const N_CALLERS = 8
const N_ROUNDS = 3
const N_CLIPS = 24
const SHORT = 'lj-lj001-0004'
const LONG_SECONDS = 600
const N_SHORT = 40

const clips = readSpeechSet(SPEECH_FOLDER)
const short = clips.find(({ id }) => id === SHORT)!
const chosen = everyNth(
  clips.filter(({ group, seconds }) => group === 'short' && seconds <= 15),
  N_CLIPS,
)
const audioSeconds = chosen.reduce((sum, { seconds }) => sum + seconds, 0)

using folder = new TempFolder()
const long = longRecording()
const service = await startServiceProcess({ TEMP_DIR: folder.path })
try {
  await send(short) // loads the model
  const throughput = await measureThroughput()
  const latency = await measureLatency()
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'load.json'), `${JSON.stringify({ machine, throughput, latency }, undefined, 2)}\n`)
} finally {
  await service.stop()
}

async function measureThroughput() {
  const rounds: { readonly one: number; readonly many: number }[] = []
  for (let round = 0; round < N_ROUNDS; round++) {
    rounds.push({ one: audioSeconds / (await secondsOf(1)), many: audioSeconds / (await secondsOf(N_CALLERS)) })
  }
  const [one, many] = [median(rounds.map((round) => round.one)), median(rounds.map((round) => round.many))]
  const ratio = median(rounds.map((round) => round.many / round.one))
  console.log(`${N_CLIPS} clips, ${audioSeconds.toFixed(0)} s: one caller ${one.toFixed(1)} × real time,`)
  console.log(`${N_CALLERS} callers ${many.toFixed(1)} × real time: ${ratio.toFixed(2)} times as much`)
  return { one, many, ratio }
}

/** Seconds until `nCallers` have sent all clips, each the next one that is left. */
async function secondsOf(nCallers: number): Promise<number> {
  const left = [...chosen]
  const from = performance.now()
  await Promise.all(
    Array.from({ length: nCallers }, async () => {
      for (let clip = left.shift(); clip; clip = left.shift()) await send(clip)
    }),
  )
  return (performance.now() - from) / 1000
}

async function measureLatency() {
  const idle: number[] = []
  for (let i = 0; i < 10; i++) idle.push(await timeOf(() => send(short)))
  let isDone = false
  const transcribing = service.post(long, { model_id: 'base', language: 'pt' }).finally(() => {
    isDone = true
  })
  const busy: number[] = []
  while (!isDone && busy.length < N_SHORT) busy.push(await timeOf(() => send(short)))
  const wasBusy = !isDone
  const from = performance.now()
  const { status } = await transcribing
  if (status !== 200) throw new Error(`the long recording was answered with ${status}`)
  const p95 = busy.toSorted((a, b) => a - b)[Math.floor(0.95 * busy.length)]!
  const ratio = p95 / median(idle)
  console.log(
    `a clip of ${short.seconds.toFixed(1)} s alone ${median(idle).toFixed(0)} ms, beside ${LONG_SECONDS} s of speech ` +
      `median ${median(busy).toFixed(0)} ms, 95th percentile ${p95.toFixed(0)} ms: ${ratio.toFixed(2)} times as long`,
  )
  return {
    idleMs: median(idle),
    busyMs: median(busy),
    p95Ms: p95,
    ratio,
    wasBusy,
    restSeconds: (performance.now() - from) / 1000,
  }
}

async function send(clip: Clip): Promise<void> {
  const { status, body } = await service.post(clip.path, { model_id: 'base', language: clip.language })
  if (status !== 200) throw new Error(`${clip.id}: ${JSON.stringify(body)}`)
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

function everyNth<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!)
}

/** Long Portuguese recordings, one after the other and again, for ten minutes. */
function longRecording(): string {
  const sources = clips.filter(({ group, language }) => group === 'long' && language === 'pt')
  const output = folder.file('long.wav')
  const inputs = sources.flatMap(({ path }) => ['-i', path])
  const joined = `${sources.map((_, i) => `[${i}:a]aresample=16000,aformat=channel_layouts=mono[a${i}];`).join('')}${sources
    .map((_, i) => `[a${i}]`)
    .join('')}concat=n=${sources.length}:v=0:a=1,aloop=loop=-1:size=2e9`
  execFileSync('ffmpeg', ['-v', 'error', ...inputs, '-filter_complex', joined, '-t', String(LONG_SECONDS), output])
  return output
}
