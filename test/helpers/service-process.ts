/** Starts `service-host.ts` and talks to it over HTTP. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'

export interface ServiceProcess {
  readonly pid: number
  readonly baseUrl: string
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
  })
  const exited = once(child, 'exit')
  const [{ port }] = (await Promise.race([once(child, 'message'), exited])) as [{ port: number }]
  const baseUrl = `http://127.0.0.1:${port}`
  return {
    pid: child.pid!,
    baseUrl,
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
