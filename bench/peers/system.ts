/** One system that has been started and transcribes clip after clip: our service by HTTP, or a peer's driver. */

import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Clip } from '../speech-set.ts'
import { type GroupOptions, ProcessGroup } from './process-group.ts'
import type { OwnRow, PeerRow } from './rows.ts'

export interface Outcome {
  readonly text: string
  readonly seconds: number
  readonly error?: string | undefined
}

export interface RunningSystem extends AsyncDisposable {
  readonly pid: number
  readonly version: string
  /** What the system itself says of loading its model; ours loads at its first request. */
  modelLoadSeconds(): Promise<number>
  /**
   * A clip that fails is an outcome without text.
   *
   * @throws {Error} when the system has ended, or does not answer.
   */
  transcribe(clip: Clip): Promise<Outcome>
}

const LIMIT_MINUTES = 10
/** Of a load or a clip: many times what the slowest row takes for the longest one. */
const newLimit = () => AbortSignal.timeout(LIMIT_MINUTES * 60_000)

const PARADOX = resolve(import.meta.dirname, '../../bin/paradox')

/** `bin/paradox serve` on a free port; clips are uploaded as any client does it, and that counts. */
export async function startOwn({ fields }: OwnRow, threads: number, model: string): Promise<RunningSystem> {
  const port = await freePort()
  const group = await ProcessGroup.start(PARADOX, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
    isAsked: false,
    env: { ...process.env, THREADS: String(threads), LOG_LEVEL: process.env.LOG_LEVEL || 'error' },
  })
  const address = `http://127.0.0.1:${port}`
  const limit = newLimit()
  while (!(await isHealthy(address))) {
    if (group.hasEnded) throw new Error(`ended by ${await group.ended} before it answered`)
    if (limit.aborted) {
      await group[Symbol.asyncDispose]()
      throw new Error(`did not answer within ${LIMIT_MINUTES} minutes`)
    }
    await sleep(20)
  }
  return {
    pid: group.pid,
    version: '',
    async modelLoadSeconds() {
      const { models } = modelsSchema.parse(await (await fetch(`${address}/api/ps`)).json())
      const loaded = models.find(({ id }) => id === model)
      if (!loaded) throw new Error(`has not loaded ${model}`)
      return loaded.load_seconds
    },
    async transcribe(clip) {
      const from = performance.now()
      const form = new FormData()
      const all = { model_id: model, language: clip.language, ...fields }
      for (const [name, value] of Object.entries(all)) form.set(name, value)
      form.set('file', await openAsBlob(clip.path), basename(clip.path))
      const response = await fetch(`${address}/transcribe`, { method: 'POST', body: form, signal: newLimit() })
      const body = await response.text()
      const seconds = (performance.now() - from) / 1000
      if (!response.ok) return { text: '', seconds, error: `${response.status}: ${body.slice(0, 200)}` }
      return { text: answerSchema.parse(JSON.parse(body)).transcription, seconds }
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  }
}

const answerSchema = z.object({ transcription: z.string() })
const modelsSchema = z.object({ models: z.array(z.object({ id: z.string(), load_seconds: z.number() })) })

async function isHealthy(address: string): Promise<boolean> {
  return fetch(`${address}/health`).then(
    (response) => response.ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port was found')
  return address.port
}

export interface PeerPlace {
  readonly python: string
  /** Weights in the row's format. */
  readonly model: string
  readonly threads: number
  /** Where a peer may keep what it compiles at its first start. */
  readonly compiledCache: string
  /** Folder of whisper.cpp built for this processor, where there is one. */
  readonly nativeWhisperCpp: string | undefined
}

const DRIVERS: Readonly<Record<PeerRow['system'], string>> = {
  openvino: 'openvino_driver.py',
  'faster-whisper': 'faster_whisper_driver.py',
  'whisper.cpp': 'whisper_cpp_driver.py',
  transformers: 'transformers_driver.py',
}

const aboutSchema = z.object({ version: z.string(), loadSeconds: z.number() })
const outcomeSchema = z.object({ text: z.string().default(''), seconds: z.number(), error: z.string().optional() })

/** The peer's driver, its model loaded. Its times are its own, without our pipe to it. */
export async function startPeer(row: PeerRow, place: PeerPlace): Promise<RunningSystem> {
  const { python, model, threads, compiledCache, nativeWhisperCpp } = place
  const isNative = row.settings.build === 'native' && nativeWhisperCpp !== undefined
  const env = {
    ...process.env,
    HF_HUB_OFFLINE: '1',
    OMP_NUM_THREADS: String(threads),
    ...(isNative && { PYTHONPATH: nativeWhisperCpp, LD_LIBRARY_PATH: nativeWhisperCpp }),
  }
  const { beamSize } = row
  return await startDriver([python, join(import.meta.dirname, DRIVERS[row.system])], {
    job: { model, threads, compiledCache, beamSize, ...row.settings },
    beamSize,
    env,
  })
}

export interface DriverOptions extends Pick<GroupOptions, 'env' | 'grace'> {
  /** What it is told first, and answers with its version when its model is loaded. */
  readonly job: object
  readonly beamSize: number
  /** Aborts when an answer has taken too long. */
  readonly limit?: () => AbortSignal
}

/**
 * A program that reads and writes lines as driver.py does.
 *
 * @throws {Error} when it ends before it has loaded its model, or does not say so.
 */
export async function startDriver(
  [program, ...words]: readonly [string, ...string[]],
  { job, beamSize, limit = newLimit, ...options }: DriverOptions,
): Promise<RunningSystem> {
  const group = await ProcessGroup.start(program, words, { ...options, isAsked: true })
  const lines = createInterface({ input: group.output })[Symbol.asyncIterator]()
  const ask = async (question: object): Promise<unknown> => {
    const tooLong = once(limit(), 'abort').then(() => {
      throw new Error('did not answer in time')
    })
    group.input.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await Promise.race([lines.next(), tooLong])
    if (done) throw new Error(`ended by ${await group.ended}`)
    return JSON.parse(value)
  }
  try {
    const about = aboutSchema.parse(await ask(job))
    return {
      pid: group.pid,
      version: about.version,
      modelLoadSeconds: async () => about.loadSeconds,
      transcribe: async ({ path, language }) => outcomeSchema.parse(await ask({ path, language, beamSize })),
      [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
    }
  } catch (error) {
    await group[Symbol.asyncDispose]()
    throw error
  }
}
