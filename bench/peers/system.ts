/** One system that has been started and transcribes clip after clip: our service by HTTP, or a peer's driver. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Clip } from '../speech-set.ts'
import type { OwnRow, PeerRow } from './rows.ts'

export interface Outcome {
  readonly text: string
  readonly seconds: number
  readonly error?: string | undefined
}

export interface RunningSystem extends AsyncDisposable {
  readonly pid: number
  readonly version: string
  /** What the peer itself says of loading its model; ours loads at its first request. */
  readonly modelLoadSeconds: number | undefined
  /** A clip that fails is an outcome without text. */
  transcribe(clip: Clip): Promise<Outcome>
}

const PARADOX = resolve(import.meta.dirname, '../../bin/paradox')

/** `bin/paradox serve` on a free port; clips are uploaded as any client does it, and that counts. */
export async function startOwn({ fields }: OwnRow, threads: number, model: string): Promise<RunningSystem> {
  const port = await freePort()
  const child = spawn(PARADOX, ['serve', '--host', '127.0.0.1', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, THREADS: String(threads), LOG_LEVEL: process.env.LOG_LEVEL || 'error' },
  })
  const exited = once(child, 'exit')
  const address = `http://127.0.0.1:${port}`
  while (!(await isHealthy(address))) {
    if (child.exitCode !== null) throw new Error(`bin/paradox serve ended with exit code ${child.exitCode}; see above`)
    await sleep(20)
  }
  return {
    pid: child.pid!,
    version: '',
    modelLoadSeconds: undefined,
    async transcribe(clip) {
      const from = performance.now()
      const form = new FormData()
      const all = { model_id: model, language: clip.language, ...fields }
      for (const [name, value] of Object.entries(all)) form.set(name, value)
      form.set('file', await openAsBlob(clip.path), basename(clip.path))
      const response = await fetch(`${address}/transcribe`, { method: 'POST', body: form })
      const body = await response.text()
      const seconds = (performance.now() - from) / 1000
      if (!response.ok) return { text: '', seconds, error: `${response.status}: ${body.slice(0, 200)}` }
      return { text: answerSchema.parse(JSON.parse(body)).transcription, seconds }
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
    },
  }
}

const answerSchema = z.object({ transcription: z.string() })

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
  const script = join(import.meta.dirname, DRIVERS[row.system])
  const isNative = row.settings.build === 'native' && nativeWhisperCpp !== undefined
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      HF_HUB_OFFLINE: '1',
      OMP_NUM_THREADS: String(threads),
      ...(isNative && { PYTHONPATH: nativeWhisperCpp, LD_LIBRARY_PATH: nativeWhisperCpp }),
    },
  })
  const exited = once(child, 'exit')
  child.stdin.on('error', () => {}) // it ended before it read its job; the missing answer tells
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`${DRIVERS[row.system]} ended unexpectedly; see above`)
    return JSON.parse(value)
  }
  const { beamSize } = row
  const about = aboutSchema.parse(await ask({ model, threads, compiledCache, beamSize, ...row.settings }))
  return {
    pid: child.pid!,
    version: about.version,
    modelLoadSeconds: about.loadSeconds,
    transcribe: async ({ path, language }) => outcomeSchema.parse(await ask({ path, language, beamSize })),
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      child.kill()
      await exited
    },
  }
}
