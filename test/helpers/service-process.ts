/** Starts `service-host.ts` and talks to it over HTTP. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { launcherFlags } from './scripted-process.ts'
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
  ): Promise<{ status: number; body: Record<string, unknown> }>
  /** Ends the model's engine; false when it was not loaded. */
  unload(modelId: string): Promise<boolean>
  stop(): Promise<void>
}

export async function startServiceProcess(env: NodeJS.ProcessEnv): Promise<ServiceProcess> {
  const child = fork(new URL('./service-host.ts', import.meta.url), {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn', ...env },
    execArgv: launcherFlags(),
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const { lines: logLines, logged } = collectLog(child)
  const exited = once(child, 'exit')
  const [{ port }] = (await Promise.race([once(child, 'message'), exited])) as [{ port: number }]
  const baseUrl = `http://127.0.0.1:${port}`
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
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async unload(modelId) {
      child.send(modelId)
      const [answer] = (await once(child, 'message')) as [{ unloaded: boolean }]
      return answer.unloaded
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

const ERROR_LEVEL = 50

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
    for (;;) {
      const found = lines.find(accepts)
      if (found) return found
      await once(output, 'line') // the listener above comes first
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
