/** Starts the HTTP service for a test: in this process, on a free port, with a temporary folder of its own. */

import { watch } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { readServiceConfig } from '../../../src/config.ts'
import type { Transcriber } from '../../../src/engine/transcriber.ts'
import { type Service, ServiceMetrics, serve } from '../../../src/http/index.ts'
import { ModelRegistry } from '../../../src/models/registry.ts'
import type { ScriptedTranscriber } from '../fakes/scripted-transcriber.ts'

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string }

export interface RunningService {
  readonly baseUrl: string
  readonly port: number
  /** TEMP_DIR of the service. */
  readonly tempDir: string
  /** Every line logged so far. */
  readonly logLines: readonly LogLine[]
  /** Names of the uploads that lie on the disk at this moment. */
  uploads(): Promise<string[]>
  /** Resolves when the names of the uploads on the disk are such. */
  uploadsBecome(accepts: (names: string[]) => boolean): Promise<void>
  /** Resolves when an upload lies on the disk. */
  uploadBegun(): Promise<void>
  /** Resolves when no upload lies on the disk any more. */
  emptied(): Promise<void>
  /** The first log line, past or future, that the test accepts. */
  logged(accepts: (line: LogLine) => boolean): Promise<LogLine>
  /** Shuts down as a signal does and resolves when everything is released. */
  close(): Promise<void>
}

export interface StartOptions extends Partial<Pick<Service, 'metrics' | 'readiness'>> {
  readonly transcriber: Transcriber
  /** Settings by their environment names, such as MAX_UPLOAD_MB. */
  readonly env?: NodeJS.ProcessEnv
}

export async function startService({ transcriber, env = {}, ...observed }: StartOptions): Promise<RunningService> {
  const ownFolder = await mkdtemp(join(tmpdir(), 'paradox-test-'))
  const tempDir = env.TEMP_DIR ?? join(ownFolder, 'temp')
  await mkdir(tempDir, { recursive: true })
  const config = readServiceConfig({ HOST: '127.0.0.1', PORT: '0', TEMP_DIR: tempDir, ...env })

  if ('limit' in transcriber) (transcriber as ScriptedTranscriber).limit(config.admission) // a pool has its own limits

  const log = collectLog()
  const stop = new AbortController()
  const listening = Promise.withResolvers<number>()
  const logger = pino({ level: 'debug', base: null }, log.stream)
  const stopped = serve(serviceOf({ config, transcriber, logger, ...observed }), {
    signal: stop.signal,
    onListening: ({ port }) => listening.resolve(port),
  })
  stopped.catch(listening.reject)
  const port = await listening.promise

  return {
    baseUrl: `http://127.0.0.1:${port}`,
    port,
    tempDir,
    logLines: log.lines,
    logged: log.logged,
    uploads: () => uploadsIn(tempDir),
    uploadsBecome: (accepts) => uploadsBecome(tempDir, accepts),
    uploadBegun: () => uploadsBecome(tempDir, (names) => names.length > 0),
    emptied: () => uploadsBecome(tempDir, (names) => names.length === 0),
    async close() {
      stop.abort()
      await stopped
      await rm(ownFolder, { recursive: true, force: true })
    },
  }
}

/** A service of these parts; the others have nothing to say. */
export function serviceOf(
  parts: Pick<Service, 'config' | 'transcriber' | 'logger'> & Partial<Pick<Service, 'metrics' | 'readiness'>>,
): Service {
  const registry = ModelRegistry.load(parts.config.models)
  return { registry, metrics: new ServiceMetrics(), readiness: [], warnings: [], ...parts }
}

/** Names of the files in the services' folders below a TEMP_DIR. */
export async function uploadsIn(tempDir: string): Promise<string[]> {
  const folders = (await readdir(tempDir)).filter((name) => name.startsWith('paradox-asr-'))
  const files = await Promise.all(folders.map((folder) => readdir(join(tempDir, folder))))
  return files.flat()
}

async function uploadsBecome(tempDir: string, accepts: (names: string[]) => boolean): Promise<void> {
  const reached = Promise.withResolvers<void>()
  const check = () => uploadsIn(tempDir).then((names) => accepts(names) && reached.resolve(), reached.reject)
  // A service makes its folder with the first upload, so the parent is watched for it.
  const watchers = [watch(tempDir, () => watchFolders())]
  const watched = new Set<string>()
  const watchFolders = async () => {
    for (const name of await readdir(tempDir)) {
      if (!watched.has(name)) watchers.push(watch(join(tempDir, name), check))
      watched.add(name)
    }
    await check()
  }
  await watchFolders()
  await reached.promise
  for (const watcher of watchers) watcher.close()
}

function collectLog() {
  const lines: LogLine[] = []
  const waiting = new Set<() => void>()
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine)
      for (const look of waiting) look()
      done()
    },
  })
  const logged = (accepts: (line: LogLine) => boolean) =>
    new Promise<LogLine>((resolve) => {
      const look = () => {
        const found = lines.find(accepts)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { lines, stream, logged }
}
