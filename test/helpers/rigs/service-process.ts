/** Starts `service-host.ts` and talks to it over HTTP. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { launcherFlags } from '../fakes/scripted-process.ts'
import { until } from '../until.ts'
import type { LogLine } from './service.ts'

export interface ServiceProcess {
  readonly pid: number
  readonly baseUrl: string
  /** Every line logged so far. */
  readonly logLines: readonly LogLine[]
  /** The first log line, past or future, that the test accepts. */
  logged(accepts: (line: LogLine) => boolean): Promise<LogLine>
  post(
    file: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: Record<string, unknown>; requestId: string }>
  /** Ends the model's engine; false when it was not loaded. */
  unload(modelId: string): Promise<boolean>
  stop(): Promise<void>
}

/** @throws {Error} when the service ends before it answers; its log is in the test's output. */
export async function startServiceProcess(env: NodeJS.ProcessEnv): Promise<ServiceProcess> {
  const port = env.PORT ?? (await freePort())
  const child = fork(new URL('./service-host.ts', import.meta.url), {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'warn', ...env },
    execArgv: launcherFlags(),
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const { lines: logLines, logged } = collectLog(child)
  const exited = once(child, 'exit')
  const baseUrl = `http://127.0.0.1:${port}`
  const answers = async () => {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode} before it answered`)
    return await isUp(baseUrl)
  }
  await until(answers, `an answer of the service at ${baseUrl}`)
  return {
    pid: child.pid!,
    baseUrl,
    logLines,
    logged,
    async post(file, fields) {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.set(name, value)
      form.set('file', await openAsBlob(file), basename(file))
      const response = await fetch(`${baseUrl}/transcribe`, { method: 'POST', body: form })
      const requestId = response.headers.get('x-request-id')!
      return { status: response.status, body: (await response.json()) as Record<string, unknown>, requestId }
    },
    async unload(modelId) {
      const response = await fetch(`${baseUrl}/api/ps/${modelId}`, { method: 'DELETE' })
      if (!response.ok && response.status !== 404) throw new Error(await response.text())
      return response.ok
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** How long a line of the log is waited for: longer than the longest recording takes. */
const LIMIT_MS = 300_000
const ERROR_LEVEL = 50

/** One that nobody has at this moment; the service has no way to say which it has taken. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on a port
  server.close()
  await once(server, 'close')
  return port
}

async function isUp(baseUrl: string): Promise<boolean> {
  return await fetch(`${baseUrl}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** What is no log line, such as a crash of the runtime, and what is logged as an error belong into the test's output. */
function collectLog(child: ChildProcess): Pick<ServiceProcess, 'logged'> & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const output = createInterface({ input: child.stderr! })
  output.on('line', (text) => {
    const line = parsed(text)
    if (line) lines.push(line)
    if (!line || Number(line.level) >= ERROR_LEVEL) process.stderr.write(`${text}\n`)
  })
  const logged = async (accepts: (line: LogLine) => boolean) => {
    const signal = AbortSignal.timeout(LIMIT_MS)
    for (;;) {
      const found = lines.find(accepts)
      if (found) return found
      await once(output, 'line', { signal }) // the listener above comes first
    }
  }
  return { lines, logged }
}

function parsed(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return undefined
  }
}
