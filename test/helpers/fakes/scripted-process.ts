/** Starts `scripted-service.ts`: the HTTP layer as `bin/paradox` runs it, with a transcriber that says "ok". */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ScriptedProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly port: number
  readonly baseUrl: string
}

/**
 * @param env    settings by their names.
 * @param flags  of Node, beside the launcher's.
 */
export async function startScriptedProcess(
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<ScriptedProcess> {
  const program = join(import.meta.dirname, 'scripted-service.ts')
  const child = spawn(process.execPath, [...launcherFlags(), ...flags, program], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const port = Number(line.toString())
  return {
    child,
    port,
    baseUrl: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** What `bin/paradox` tells Node, since the memory of the service depends on it. */
export function launcherFlags(): string[] {
  const launcher = readFileSync(join(import.meta.dirname, '../../../bin/paradox'), 'utf8')
  return launcher.match(/ --max-semi-space-size=\d+/g)?.map((flag) => flag.trim()) ?? []
}
