/** `bin/paradox` from outside, as a user without settings and with empty caches starts it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const PARADOX = join(import.meta.dirname, '..', '..', '..', 'bin', 'paradox')

export interface CommandOptions {
  /** Where it runs; its home is in it. */
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** What it reads; nothing where it is left out. */
  readonly stdin?: string | Uint8Array
}

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

export interface RunningCommand {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard error holds such a text; rejects when the command ends without it. */
  said(pattern: RegExp): Promise<void>
}

export function userEnvironment(cwd: string, env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  // The program compiled by Node, which a user has from the second start on.
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const codeCache = NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }
  return { PATH, HOME: join(cwd, '.home'), HF_HUB_OFFLINE: '1', ...codeCache, ...env }
}

export function startParadox(args: readonly string[], { cwd, env = {}, stdin }: CommandOptions): RunningCommand {
  const child = spawn(PARADOX, args, { cwd, env: userEnvironment(cwd, env), stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => {}) // a command that ends early does not read to the end
  child.stdin.end(stdin)
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
    for (const listener of listeners) listener()
  })
  const closed = once(child, 'close') as Promise<[code: number | null]>
  const ended = Promise.all([text(child.stdout), closed]).then(([stdout, [code]]) => ({ stdout, stderr, code }))
  return {
    child,
    ended,
    async said(pattern) {
      const heard = Promise.withResolvers<void>()
      const listener = () => pattern.test(stderr) && heard.resolve()
      listeners.add(listener)
      listener()
      const early = ended.then(({ code }) => {
        throw new Error(`it ended with ${code} and without ${pattern}: ${stderr}`)
      })
      await Promise.race([heard.promise, early])
      listeners.delete(listener)
    },
  }
}

/** Runs a command to its end. */
export async function paradox(args: readonly string[], options: CommandOptions): Promise<Ended> {
  return await startParadox(args, options).ended
}
