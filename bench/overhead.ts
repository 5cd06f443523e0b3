/**
 * Of the time of a short request, how much is not the model?
 *
 * Command: `make bench-overhead`, or `scripts/node bench/overhead.ts [rounds]`. A clip of 5 s of ../shared/speech, as
 * four kinds of files, is sent to a service, and transcribed in this process with a clock around each part. HTTP and IPC are
 * what a request takes beyond what its engine says that it took; on silence of the same length, for which no model runs,
 * since they would drown in the noise of the model's own time. Medians. Whisper base, greedy, language given: the
 * fastest answer there is, so the largest share. Better is: a smaller share that is not the model.
 */

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { decodeAudio } from '../src/audio/index.ts'
import { openCheckpoint } from '../src/checkpoint/index.ts'
import { readConfig } from '../src/config.ts'
import { resolveCheckpointFolder } from '../src/hub/index.ts'
import { silentLogger } from '../src/logger.ts'
import { openCompiledModel } from '../src/models/compiled-model.ts'
import { VadSession } from '../src/vad/index.ts'
import { type ModelSession, sessionRequest, transcribeLongForm } from '../src/whisper/index.ts'
import { parseOptions } from '../src/whisper/options.ts'
import { TempFolder } from '../test/helpers/data/audio-files.ts'
import { anyRecordings } from '../test/helpers/data/recordings.ts'
import { startServiceProcess } from '../test/helpers/rigs/service-process.ts'
import { median } from './median.ts'
import { PartClock } from './part-clock.ts'

const CLIP = 'lj-lj001-0004'
const SAID = /printed book/i
const PAUSE_MS = 50
const SILENCE = 'silence.wav'
const FILES = ['clip.wav', 'clip.flac', 'clip.ogg', 'clip.mp3']
const PARTS = ['http + ipc', 'audio', 'vad', 'text', 'encoder', 'decoder'] as const
type Part = (typeof PARTS)[number]
const MODEL_PARTS: readonly Part[] = ['encoder', 'decoder']
const OPTIONS = { beam_size: 1, temperature: 0 }

const nRounds = Number(process.argv[2] ?? 15)
const { engine } = readConfig()
const never = new AbortController().signal
using folder = new TempFolder()

const clip = anyRecordings().recordings.find(({ id }) => id === CLIP)
if (!clip) throw new Error(`the recording ${CLIP} is missing: ../shared/speech is needed`)
const form = ['-i', clip.path, '-ar', '16000', '-ac', '1']
for (const name of FILES) folder.make(name, form)
folder.make(SILENCE, [...form, '-af', 'volume=0'])

const origin = { kind: 'whisper-base' } as const
const { folder: path } = await resolveCheckpointFolder({ origin, tokenizer: undefined }, { ...engine, signal: never })
writeFileSync(folder.file('models.json'), JSON.stringify({ base: { path, strategy: 'whisper' } }))
const service = await startServiceProcess({
  MODELS_FILE: folder.file('models.json'),
  TEMP_DIR: folder.path,
  LOG_LEVEL: 'info', // as it is by default, and where it says what the engine took
})
using checkpoint = await openCheckpoint(path)
await using model = await openCompiledModel(checkpoint, path, {
  name: 'base',
  settings: engine,
  signal: never,
  logger: silentLogger,
})
await using vad = await VadSession.open()

try {
  const { model: cpu } = cpus()[0]!
  console.log(`${clip.durationSeconds} s, ${nRounds} rounds, ${cpus().length} × ${cpu}; milliseconds\n`)
  console.log(`| file | ${PARTS.join(' | ')} | sum | all over HTTP | not the model |`)
  console.log(`|${' --- |'.repeat(PARTS.length + 4)}`)
  for (const name of FILES) console.log(await row(name))
} finally {
  await service.stop()
}

async function row(name: string): Promise<string> {
  const rounds: Record<Part | 'all', number>[] = []
  for (let i = -3; i < nRounds; i++) {
    const quiet = await send(SILENCE)
    const { all } = await send(name, SAID)
    const clock = new PartClock()
    const { ms: here } = await timed(() => transcribeHere(name, clock, SAID))
    if (i < 0) continue // the first ones load models, start the compiler of JavaScript, and fill caches
    const { audio, vad, encoder, decoder } = clock.spent
    const text = here - audio - vad - encoder - decoder
    rounds.push({ ...clock.spent, 'http + ipc': quiet.all - quiet.engine, text, all })
  }
  const times = PARTS.map((part) => median(rounds.map((round) => round[part])))
  const ofModel = times.filter((_, i) => MODEL_PARTS.includes(PARTS[i]!)).reduce((sum, ms) => sum + ms, 0)
  const sum = times.reduce((total, ms) => total + ms, 0)
  const all = median(rounds.map((round) => round.all))
  const cells = [name, ...times.map((ms) => ms.toFixed(1)), sum.toFixed(0), all.toFixed(0)]
  return `| ${cells.join(' | ')} | ${(100 * (1 - ofModel / sum)).toFixed(0)} % |`
}

/** @returns milliseconds, over HTTP and of these in the engine. */
async function send(name: string, said = /^$/): Promise<{ readonly all: number; readonly engine: number }> {
  const options = Object.entries(OPTIONS).map(([option, value]) => [option, String(value)])
  const fields = { model_id: 'base', language: 'en', ...Object.fromEntries(options) }
  const { ms: all, result } = await timed(() => service.post(folder.file(name), fields))
  const { status, body, requestId } = result
  if (status !== 200 || !said.test(String(body.transcription))) throw new Error(JSON.stringify(body))
  const line = await service.logged((line) => line.requestId === requestId && line.msg === 'request finished')
  return { all, engine: 1000 * Number(line.decodeSeconds) }
}

async function transcribeHere(name: string, clock: PartClock, said = /^$/): Promise<void> {
  const listener = vad.listen()
  const audio = decodeAudio(folder.file(name), {
    ffmpegPath: engine.ffmpegPath,
    timeoutSeconds: engine.ffmpegTimeoutSeconds,
    maxSeconds: engine.maxAudioSeconds,
  })
  const options = parseOptions(OPTIONS)
  const { text } = await transcribeLongForm(clock.iterate('audio', audio), {
    session: observed(model.session(sessionRequest(options, never)), clock),
    options,
    speechProbability: (frames) => clock.time('vad', () => listener.probabilities(frames)),
    language: 'en',
    signal: never,
  })
  if (!said.test(text)) throw new Error(text)
}

/** After a pause, in which the processes collect their garbage and their threads go to sleep. */
async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  await setTimeout(PAUSE_MS)
  const from = performance.now()
  const result = await work()
  return { ms: performance.now() - from, result }
}

/** The same model with a clock around its encoder and all that its decoder does. */
function observed(session: ModelSession, clock: PartClock): ModelSession {
  return {
    model: session.model,
    windowsAtOnce: session.windowsAtOnce,
    watch: (windows) => session.watch(windows),
    encode: async (samples, audioContext) =>
      clock.around(await clock.time('encoder', () => session.encode(samples, audioContext)), 'decoder'),
  }
}
