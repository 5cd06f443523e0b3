/** `bin/paradox` in a terminal: a real pseudo-terminal, which util-linux's `script` opens and passes on. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Screen } from '../judges/screen.ts'
import { skipped } from '../skip.ts'
import { PARADOX, userEnvironment } from './command-line.ts'

/** For node:test: `test('…', { skip: noTerminal }, …)`. */
export const noTerminal: string | false = whyNoTerminal()

function whyNoTerminal(): string | false {
  if (spawnSync('script', ['--version']).stdout?.includes('util-linux') !== true) {
    return skipped('machine', "util-linux's program script, which opens terminals, is not on this machine")
  }
  // A container may have the program and no devices for it.
  const tried = spawnSync('script', ['--quiet', '--return', '--command', 'test -t 1', '/dev/null'], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (tried.status === 0) return false
  const why = tried.error?.message ?? (tried.stderr.trim() || `script ends with ${tried.status}`)
  return skipped('machine', `no pseudo-terminal can be opened here (${why})`)
}

export interface TerminalOptions {
  /** Where it runs; its home is in it. */
  readonly cwd: string
  readonly columns?: number
  readonly rows?: number
  readonly env?: NodeJS.ProcessEnv
  /** How long `shows` waits at most; a minute by default. */
  readonly minutes?: number
  /** After the command, in the shell's language: `> out.txt`. */
  readonly redirection?: string
}

export interface Terminal {
  /** Everything that was written to it so far. */
  readonly raw: string
  readonly screen: Screen
  /** The most rows that were ever in use. */
  readonly mostRows: number
  readonly ended: Promise<number | null>
  /** Resolves with the rows when they match; rejects when the command ends without it. */
  shows(pattern: RegExp): Promise<string[]>
  /** Keys, such as `\x03` for Ctrl-C. */
  type(keys: string): void
}

export const CTRL_C = '\x03'

export function startInTerminal(t: TestContext, args: readonly string[], options: TerminalOptions): Terminal {
  const words = [PARADOX, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  return openTerminal(t, `${words.join(' ')} ${options.redirection ?? ''}`, options)
}

/** @param command  one program and its arguments, in the shell's language. */
export function openTerminal(t: TestContext, command: string, options: TerminalOptions): Terminal {
  const { cwd, columns = 80, rows = 24, env = {} } = options
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows ${rows}; exec ${command}`, '/dev/null'], {
    cwd,
    // A user's shell of another kind would not understand the words above.
    env: { ...userEnvironment(cwd), TERM: 'xterm-256color', ...env, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {}) // nobody listens after the end
  t.after(() => child.kill('SIGKILL'))
  const screen = new Screen(columns, rows)
  let raw = ''
  let mostRows = 0
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    raw += piece
    screen.write(piece)
    mostRows = Math.max(mostRows, screen.rows.length)
    for (const listener of listeners) listener()
  })
  const ended = (once(child, 'close') as Promise<[code: number | null]>).then(([code]) => code)
  return {
    screen,
    ended,
    get raw() {
      return raw
    },
    get mostRows() {
      return mostRows
    },
    type: (keys) => void child.stdin.write(keys),
    async shows(pattern) {
      const seen = Promise.withResolvers<string[]>()
      const listener = () => pattern.test(screen.rows.join('\n')) && seen.resolve(screen.rows)
      listeners.add(listener)
      listener()
      const fail = (what: string) => {
        seen.reject(new Error(`${what} without ${pattern}:\n${screen.rows.join('\n')}`))
      }
      void ended.then((code) => fail(`it ended with ${code} and`))
      const deadline = setTimeout(
        () => {
          fail('the time has passed')
          child.kill('SIGKILL')
        },
        60_000 * (options.minutes ?? 1),
      )
      try {
        return await seen.promise
      } finally {
        clearTimeout(deadline)
        listeners.delete(listener)
      }
    },
  }
}

const ARTEFACTS = join(import.meta.dirname, '..', '..', '..', 'test-artefacts', 'cli')

/** Keeps what somebody would have seen, to be looked at after the test: `parts` by their names. */
export function keepSeen(name: string, parts: Readonly<Record<string, string | readonly string[]>>): void {
  mkdirSync(ARTEFACTS, { recursive: true })
  const text = Object.entries(parts).map(([part, seen]) => {
    return `── ${part}\n${typeof seen === 'string' ? seen : seen.map((row) => `${row}\n`).join('')}`
  })
  writeFileSync(join(ARTEFACTS, `${name}.txt`), text.join('\n'))
}

/** As it came, escapes and all: `cat` it in a terminal of the same width. */
export function keepRaw(name: string, { raw }: Terminal): void {
  mkdirSync(ARTEFACTS, { recursive: true })
  writeFileSync(join(ARTEFACTS, `${name}.raw`), raw)
}
